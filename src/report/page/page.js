"use strict";
// The part of the page that moves. Sums of any set of toggles are looked up in tables that the
// program filled; nothing is replayed here. Amounts are BigInt, so that every figure is exact.
(() => {
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const every = (selector, within = document) => [...within.querySelectorAll(selector)];

  function element(name, attributes = {}, words) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (words !== undefined) node.textContent = words;
    return node;
  }

  function shape(name, attributes = {}, words) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
    if (words !== undefined) node.textContent = words;
    return node;
  }

  function notice(words, failed) {
    const node = find("#notice");
    node.textContent = words;
    node.hidden = !words;
    node.classList.toggle("failed", Boolean(failed));
  }

  function fail(error) {
    const words = String((error && error.message) || error);
    root.dataset.failed = words;
    notice("This page cannot follow its ticks: " + words, true);
  }

  // ---- amounts as words, as the program writes them ---------------------------------------------

  const abs = (n) => (n < 0n ? -n : n);
  const signOf = (n, signed) => (n < 0n ? "-" : signed && n > 0n ? "+" : "");
  const grouped = (n) => n.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const rounded = (n, unit) => (n + unit / 2n) / unit;
  const padded = (n, places) => n.toString().padStart(places, "0");
  const floorDiv = (a, b) => {
    const q = a / b;
    return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
  };

  const say = {
    count: (n, signed) => signOf(n, signed) + grouped(abs(n)),
    tokens(n, signed) {
      const size = abs(n);
      const sign = signOf(n, signed);
      if (size < 10000n) return sign + grouped(size);
      for (const [unit, name] of [[1000n, "k"], [1000000n, "M"], [1000000000n, "G"]]) {
        const tenths = rounded(size, unit / 10n);
        if (tenths < 10000n || name === "G") {
          return `${sign}${grouped(tenths / 10n)}.${tenths % 10n} ${name}`;
        }
      }
    },
    money(n, signed) {
      const size = abs(n);
      const sign = signOf(n, signed);
      const cents = rounded(size, 10000000000n);
      if (cents === 0n && size > 0n) {
        const parts = rounded(size, 100000000n);
        return parts === 0n ? sign + "<$0.0001" : `${sign}$0.${padded(parts, 4)}`;
      }
      return `${sign}$${grouped(cents / 100n)}.${padded(cents % 100n, 2)}`;
    },
    time(n, signed) {
      const size = abs(n);
      const sign = signOf(n, signed);
      const seconds = (size + 500n) / 1000n;
      const minutes = (size + 30000n) / 60000n;
      const hours = (size + 1800000n) / 3600000n;
      if (size === 0n) return sign + "0s";
      if (size < 1000n) return `${sign}${size}ms`;
      if (size < 59950n) {
        const tenths = (size + 50n) / 100n;
        return `${sign}${tenths / 10n}.${tenths % 10n}s`;
      }
      if (size < 3599500n) return `${sign}${seconds / 60n}m ${seconds % 60n}s`;
      if (size < 86370000n) return `${sign}${minutes / 60n}h ${minutes % 60n}m`;
      return `${sign}${hours / 24n}d ${hours % 24n}h`;
    },
    share(bp, signed) {
      const size = abs(bp);
      const sign = signOf(bp, signed);
      if (size < 100n && size % 10n !== 0n) {
        return `${sign}${size / 100n}.${padded(size % 100n, 2)} %`;
      }
      const tenths = rounded(size, 10n);
      return `${sign}${tenths / 10n}.${tenths % 10n} %`;
    },
  };

  function partBp(unit, part, whole) {
    const [a, b] = unit === "money" ? [part / 1000000n, whole / 1000000n] : [part, whole];
    return b === 0n ? 0n : floorDiv(2n * a * 10000n + b, 2n * b);
  }

  function checkWords(data) {
    for (const [unit, amount, signed, words] of data.samples) {
      const met = say[unit](BigInt(amount), signed);
      if (met !== words) throw new Error(`${unit} ${amount} reads ${met} here, ${words} elsewhere`);
    }
    for (const [unit, part, whole, bp] of data.shares) {
      const met = partBp(unit, BigInt(part), BigInt(whole));
      if (met !== BigInt(bp)) throw new Error(`${part} of ${whole} is ${met} here, not ${bp}`);
    }
  }

  // ---- packed numbers ---------------------------------------------------------------------------

  async function unpacked(id) {
    const packed = atob(find("#" + id).textContent);
    const bytes = Uint8Array.from(packed, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // The lowest and the highest bit of every number below 2 ** bits.
  function ends(bits) {
    const size = 1 << bits;
    const low = new Uint32Array(size);
    const high = new Uint32Array(size);
    for (let at = 1; at < size; at++) {
      low[at] = at & -at;
      high[at] = at & (at - 1) ? high[at & (at - 1)] : at;
    }
    return { low, high };
  }

  function reader(bytes) {
    let at = 0;
    const number = () => {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = bytes[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
        scale *= 128;
      }
    };
    const big = () => {
      const start = at;
      while (bytes[at] > 127) at++;
      const end = at++;
      if (end - start < 7) {
        at = start;
        return BigInt(number());
      }
      let value = 0n;
      for (let k = end; k >= start; k--) value = (value << 7n) | BigInt(bytes[k] & 127);
      return value;
    };
    return {
      number,
      big,
      signed: () => {
        const value = number();
        return value % 2 ? -(value + 1) / 2 : value / 2;
      },
      bigSigned: () => {
        const value = big();
        return value & 1n ? -((value + 1n) >> 1n) : value >> 1n;
      },
      slice: (length) => bytes.subarray(at, (at += length)),
      isDone: () => at === bytes.length,
    };
  }

  function readTables(bytes, all, data) {
    const read = reader(bytes);
    const tables = all.map(({ toggles, sums, when }) => {
      const { low, high } = ends(toggles.length);
      const size = 1 << toggles.length;
      // By the place of each sum that the table holds: its column.
      const columns = new Map(sums.map((sum) => [sum, readColumn()]));
      return { toggles, when, columns, amounts: amountColumns(columns, size) };

      function readColumn() {
        const divisor = read.big();
        const scaled = new Array(size);
        const column = new BigInt64Array(size);
        for (let k = 0; k < size; k++) {
          const [a, b] = [low[k], high[k]];
          let value = read.bigSigned();
          if (a !== b) value += scaled[k ^ a] + scaled[k ^ b] - scaled[k ^ a ^ b];
          else if (k) value += scaled[0];
          scaled[k] = value;
          column[k] = value * divisor;
          if (column[k] !== value * divisor) throw new Error("an amount is too large");
        }
        return column;
      }
    });
    if (!read.isDone()) throw new Error("the tables are damaged");
    return tables;

    // What the page can be told in; a table of time alone has neither.
    function amountColumns(columns, size) {
      const money = columns.get(data.sums.findIndex((sum) => sum.name === "cost_pico_usd"));
      const parts = data.headline.sums.map((at) => columns.get(at)).filter(Boolean);
      if (!parts.length) return { money };
      const tokens = new BigInt64Array(size);
      for (const column of parts) {
        for (let k = 0; k < size; k++) tokens[k] += column[k];
      }
      return { money, tokens };
    }
  }

  function readCurves(bytes, data) {
    const read = reader(bytes);
    for (const curve of data.curves) {
      const { low, high } = ends(curve.bits.length);
      const size = 1 << curve.bits.length;
      // A gap is a call that is not made, or one that does not miss.
      curve.values = columns(curve.calls.length + 1, -1);
      curve.misses = columns(curve.calls.length, 0);
      curve.size = size;

      function columns(points, gap) {
        const told = new Float64Array(size);
        const all = new Int32Array(size * points);
        for (let point = 0; point < points; point++) column(all.subarray(point * size), told, gap);
        return all;
      }

      function column(values, told, gap) {
        const made = read.slice((size + 7) >> 3);
        for (let k = 0; k < size; k++) {
          const [a, b] = [low[k], high[k]];
          let value = 0;
          if (a !== b) value = told[k ^ a] + told[k ^ b] - told[k ^ a ^ b];
          else if (k) value = told[0];
          const isMade = (made[k >> 3] >> (k & 7)) & 1;
          if (isMade) value += read.signed();
          told[k] = value;
          values[k] = isMade ? value : gap;
        }
      }
    }
    if (!read.isDone()) throw new Error("the curves are damaged");
  }

  // ---- the model: which toggles are on, and what they save --------------------------------------

  const indexOf = (toggles, on) => toggles.reduce((all, at, bit) => all | (on[at] << bit), 0);

  // A table of a moved parameter counts only while its toggle is on.
  const acts = (table, on) => table.when === undefined || on[table.when];

  function model(data, tables) {
    return {
      // What a set saves, in money or in tokens.
      saved: (on, unit) =>
        tables.reduce((all, table) => {
          const column = table.amounts[unit];
          return column && acts(table, on) ? all + column[indexOf(table.toggles, on)] : all;
        }, 0n),
      sums: (on) => {
        const sums = data.sums.map(() => 0n);
        for (const table of tables) {
          if (!acts(table, on)) continue;
          const at = indexOf(table.toggles, on);
          table.columns.forEach((column, sum) => (sums[sum] += column[at]));
        }
        return sums;
      },
      // What a toggle adds to the others that are on.
      adds: (on, toggle, unit) => added(on, toggle, (table) => table.amounts[unit]),
      // The same of one sum.
      addsTo: (sum) => (on, toggle) => added(on, toggle, (table) => table.columns.get(sum)),
    };

    function added(on, toggle, columnOf) {
      let sum = 0n;
      for (const table of tables) {
        const [bit, column] = [table.toggles.indexOf(toggle), columnOf(table)];
        const at = indexOf(table.toggles, on);
        if (column && table.when === toggle) sum += column[at];
        if (bit < 0 || !column || !acts(table, on)) continue;
        sum += column[at | (1 << bit)] - column[at & ~(1 << bit)];
      }
      return sum;
    }
  }

  // ---- drawing ----------------------------------------------------------------------------------

  // Round ticks over zero and everything between two ends.
  function axis(low, high, most) {
    [low, high] = [Math.min(low, 0), Math.max(high, 1)];
    for (let decade = 1; ; decade *= 10) {
      for (const step of [decade, 2 * decade, 5 * decade]) {
        const [first, last] = [Math.floor(low / step), Math.ceil(high / step)];
        if (last - first <= most) {
          const ticks = [];
          for (let at = first; at <= last; at++) ticks.push(at * step);
          return { low: first * step, high: last * step, ticks };
        }
      }
    }
  }

  const tick = (n, unit) =>
    n === 0 ? "0" : say[unit](BigInt(n)).replace(unit === "money" ? /\.00$/ : ".0 ", unit === "money" ? "" : " ");
  const cut = (words, most) =>
    words.length <= most ? words : words.slice(0, Math.max(1, most - 1)).trimEnd() + "\u2026";

  function drawWaterfall(figure, data, steps, [baseline, result], claims, width, unit) {
    const words = say[unit];
    const noun = unit === "money" ? "dollars" : data.headline.words;
    const shown = steps.filter((step) => step.saving !== 0n || step.claim);
    const idle = steps.filter((step) => step.saving === 0n && !step.claim);
    const [row, top] = [36, claims.length ? 22 : 4];
    const bottom = top + (shown.length + 2) * row;
    const height = bottom + 34 + (idle.length ? 18 : 0);
    const levels = [baseline, result];
    for (const step of shown) {
      levels.push(step.before, step.before - step.saving);
      if (step.claim) levels.push(step.before - BigInt(step.claim[1]));
    }
    for (const claim of claims) levels.push(BigInt(claim.low), BigInt(claim.high));
    const numbers = levels.map(Number);
    const scale = axis(Math.min(...numbers), Math.max(...numbers), Math.max(3, width / 75));
    const x = (n) => Math.round(((Number(n) - scale.low) / (scale.high - scale.low)) * (width - 2) * 10) / 10 + 1;
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "w-title" });
    const unitWords = unit === "money" ? "" : ` ${data.headline.words}`;
    const title = `From ${words(baseline)} to ${words(result)}${unitWords}${data.scope}`;
    find("figcaption b", figure).textContent = title;
    const list = shown.map((step) => `${step.toggle.id} ${words(-step.saving, true)}`);
    svg.append(shape("title", { id: "w-title" }, `${title}: ${list.join(", ") || "nothing ticked acts"}`));
    for (const at of scale.ticks) {
      svg.append(shape("line", { class: at ? "rule" : "zero", x1: x(at), x2: x(at), y1: top, y2: bottom }));
      const edge = at === scale.low ? "" : at === scale.high ? " end" : " middle";
      svg.append(shape("text", { class: "small" + edge, x: x(at), y: bottom + 14 }, tick(at, unit)));
    }
    svg.append(shape("text", { class: "small middle", x: width / 2, y: bottom + 29 }, noun + data.scope));
    for (const claim of claims) {
      const [from, to] = [x(claim.low) - 1, x(claim.high) + 1];
      svg.append(shape("rect", { class: "veil", x: from, y: top, width: to - from, height: bottom - top }));
      const range = claim.low === claim.high ? [claim.low] : [claim.low, claim.high];
      const label = "claimed end: " + range.map((n) => words(BigInt(n))).join(" to ");
      const half = label.length * 3;
      const middle = Math.min(width - half, Math.max(half, (from + to) / 2));
      svg.append(shape("text", { class: "small middle", x: middle, y: 14 }, label));
    }
    let y = top;
    const line = (name, label, amount, strong) => {
      const most = Math.floor((width - amount.length * 6.8 - 10) / 6.4);
      name.append(shape("text", { class: strong ? "strong" : "", x: 2, y: y + 13 }, cut(label, most)));
      name.append(shape("text", { class: "end" + (strong ? " strong" : ""), x: width - 2, y: y + 13 }, amount));
      svg.append(name);
    };
    const bar = (name, kind, a, b, from, height) => {
      const [left, right] = [Math.min(x(a), x(b)), Math.max(x(a), x(b))];
      const size = Math.max(1, right - left);
      name.append(shape("rect", { class: kind, x: left, y: y + from, width: size, height }));
    };
    const whole = (id, label, amount) => {
      const name = shape("g", { "data-bar": id, "data-value": amount });
      bar(name, "whole", 0n, amount, 18, 11);
      line(name, label, words(amount), true);
      y += row;
    };
    whole("baseline", "today", baseline);
    for (const step of shown) {
      const { toggle, claim, saving, before } = step;
      const name = shape("g", { "data-bar": toggle.id, "data-value": saving });
      bar(name, saving < 0n ? "costs" : "saves", before, before - saving, 18, claim ? 8 : 11);
      let amount = words(-saving, true);
      if (claim) {
        const [low, high] = claim.map((n) => BigInt(n));
        bar(name, "said", before, before - high, 27, 4);
        const ends = low === high ? [low] : [low, high];
        amount += ` (claimed ${ends.map((n) => words(-n, true)).join(" to ")})`;
      }
      line(name, `${toggle.id} ${toggle.title}`, amount, false);
      y += row;
    }
    whole("result", shown.length ? "with fixes" : "nothing ticked acts", result);
    if (idle.length) {
      const text = shape("text", { class: "small", x: 2, y: height - 4 }, `no effect on ${unit === "money" ? "dollars" : data.headline.noun}: `);
      idle.forEach((step, at) => {
        const id = step.toggle.id;
        const rest = at + 1 < idle.length ? ", " : "";
        text.append(shape("tspan", { "data-bar": id, "data-value": 0 }, id + rest));
      });
      svg.append(text);
    }
    const old = find("svg", figure);
    if (old) old.replaceWith(svg);
    else figure.append(svg);
  }

  function curvePanels(holder, data) {
    let highest = 1;
    for (const curve of data.curves) {
      const contexts = curve.values.subarray(0, curve.size * curve.calls.length);
      for (const value of contexts) if (value > highest) highest = value;
    }
    const scale = axis(0, highest, 4);
    const [width, height, left, top] = [300, 150, 42, 8];
    const bottom = height - 22;
    const y = (n) => Math.round((bottom - (n / scale.high) * (bottom - top)) * 10) / 10;
    const labels = data.curves.map((curve) => curve.label);
    return data.curves.map((curve, place) => {
      // Sessions of one name are told apart by their order.
      const alike = labels.slice(0, place + 1).filter((label) => label === curve.label).length;
      if (alike > 1) curve.label += ` (${alike})`;
      const figure = element("figure", { "data-session": curve.session });
      const caption = element("figcaption", {}, curve.label);
      const about = element("span");
      caption.append(about);
      const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
      const title = shape("title");
      svg.append(title);
      for (const at of scale.ticks) {
        svg.append(shape("line", { class: at ? "rule" : "zero", x1: left, x2: width, y1: y(at), y2: y(at) }));
        svg.append(shape("text", { class: "small end", x: left - 5, y: y(at) + 4 }, tick(at, "tokens")));
      }
      const length = Math.max(1, curve.of - 1);
      const x = (call) => Math.round((left + ((call - 1) / length) * (width - left - 2)) * 10) / 10;
      svg.append(shape("text", { class: "small", x: left, y: height - 6 }, "call 1"));
      if (curve.of > 1) {
        svg.append(shape("text", { class: "small end", x: width, y: height - 6 }, say.count(BigInt(curve.of))));
      }
      const gone = shape("path", { class: "gone" });
      const before = shape("path", { class: "before" });
      const after = shape("path", { class: "after" });
      const dots = [shape("g"), shape("g")];
      svg.append(gone, before, after, ...dots);
      figure.append(caption, svg);
      holder.append(figure);
      const at = (variant) =>
        curve.calls.map((_, point) => {
          const value = curve.values[point * curve.size + variant];
          return value < 0 ? null : value;
        });
      const made = (variant) => curve.values[curve.calls.length * curve.size + variant];
      // A call that is not made leaves a gap: no slope over it. A call alone is a dash.
      const path = (values) => {
        const isMade = (point) => values[point] !== null && values[point] !== undefined;
        const parts = values.map((value, point) => {
          if (value === null) return "";
          const place = `${x(curve.calls[point])} ${y(value)}`;
          if (isMade(point - 1)) return `L${place}`;
          return `M${place}${isMade(point + 1) ? "" : "h1.6"}`;
        });
        return parts.join("");
      };
      // What misses the cache, in the colour of its group.
      const mark = (group, values, variant, radius) => {
        const marks = [];
        values.forEach((value, point) => {
          const missed = curve.misses[point * curve.size + variant];
          if (!missed || value === null) return;
          const miss = `miss ${data.misses[missed - 1]}`;
          marks.push(shape("circle", { class: miss, cx: x(curve.calls[point]), cy: y(value), r: radius }));
        });
        group.replaceChildren(...marks);
      };
      const first = at(0);
      before.setAttribute("d", path(first));
      mark(dots[0], first, 0, 2.6);
      return (on) => {
        const variant = indexOf(curve.bits, on);
        const values = at(variant);
        figure.curve = { calls: curve.calls.slice(), before: first.slice(), after: values };
        if (figure.variant === variant) return;
        figure.variant = variant;
        after.setAttribute("d", path(values));
        mark(dots[1], values, variant, 1.9);
        const dropped = curve.calls.filter((_, point) => first[point] !== null && values[point] === null);
        gone.setAttribute("d", dropped.map((call) => `M${x(call)} ${bottom}v4`).join(""));
        const [was, is] = [made(0), made(variant)].map((n) => say.count(BigInt(n)));
        about.textContent = was === is ? `calls ${was}` : `calls today ${was}, with fixes ${is}`;
        const peak = (all) => say.tokens(BigInt(all.reduce((most, n) => Math.max(most, n || 0), 0)));
        title.textContent = `${curve.label}: calls today ${was}, with fixes ${is}; ` +
          `largest context drawn ${peak(first)} today, ${peak(values)} with fixes`;
      };
    });
  }

  // ---- tables: sort and search ------------------------------------------------------------------

  function sortable(table) {
    const body = find("tbody", table);
    const order = [...body.rows];
    const heads = every("thead th", table);
    for (const head of heads) {
      // A column without a name has nothing to press.
      if (!head.textContent.trim()) continue;
      const button = element("button", { type: "button" }, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const isNumber = head.classList.contains("n");
        const turns = isNumber ? ["descending", "ascending"] : ["ascending", "descending"];
        const next = turns[turns.indexOf(head.getAttribute("aria-sort")) + 1];
        for (const other of heads) other.removeAttribute("aria-sort");
        const rows = order.filter((one) => !one.classList.contains("total"));
        if (next) {
          head.setAttribute("aria-sort", next);
          rows.sort(by(head.cellIndex, isNumber, next === "ascending" ? 1 : -1));
        }
        const totals = order.filter((one) => one.classList.contains("total"));
        body.append(...(next ? [...rows, ...totals] : order));
      });
    }
    // What is not known stays at the end.
    function by(column, isNumber, way) {
      const key = (one) => {
        const cell = one.cells[column];
        if (!isNumber) return cell.textContent.trim();
        const raw = cell.dataset.value ?? cell.dataset.sort ?? "";
        return raw === "" ? null : Number(raw);
      };
      return (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        if (isNumber) return way * (x - y);
        return way * x.localeCompare(y, "en", { numeric: true });
      };
    }
  }

  function search(words) {
    const wanted = words.trim().toLowerCase();
    let met = 0;
    for (const table of every("table[data-sortable]")) {
      let own = 0;
      for (const one of table.tBodies[0].rows) {
        const isMet = !wanted || one.textContent.toLowerCase().includes(wanted);
        one.hidden = !isMet;
        own += isMet ? 1 : 0;
      }
      met += own;
      const holder = table.closest("details .table");
      if (holder) holder.hidden = own === 0;
    }
    find("#found").textContent = wanted ? `${met} ${met === 1 ? "row" : "rows"}` : "";
  }

  // ---- themes -----------------------------------------------------------------------------------

  const THEMES = ["auto", "light", "dark"];

  function setTheme(theme) {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    find("#theme").textContent = "Theme: " + theme;
  }

  const theme = () => root.dataset.theme || "auto";

  // ---- the page ---------------------------------------------------------------------------------

  async function start() {
    const data = JSON.parse(find("#data").textContent);
    checkWords(data);
    const blocks = ["packed-sums", "packed-curves", "packed-moves"];
    const [tableBytes, curveBytes, moveBytes] = await Promise.all(blocks.map(unpacked));
    const tables = readTables(tableBytes, data.tables, data);
    readCurves(curveBytes, data);
    const { saved: savedIn, sums, adds, addsTo } = model(data, tables);
    const { toggles } = data;
    const ids = toggles.map((toggle) => toggle.id);
    const boxes = ids.map((id) => find(`input[data-toggle="${id}"]`));
    const cells = ids.map((id) => find(`[data-adds="${id}"]`));
    const alones = ids.map((id) => find(`[data-alone="${id}"]`));
    const clocks = ids.map((id) => find(`[data-clock="${id}"]`));
    const on = toggles.map(() => 0);
    const most = toggles.filter((toggle) => toggle.can).length;
    const baseline = data.baseline.map(BigInt);
    const sumAt = (name) => data.sums.findIndex((sum) => sum.name === name);
    const addsTime = addsTo(sumAt("wall_clock_ms"));
    let unit = document.body.dataset.unit;
    const inUnit = (amount, signed) => say[unit](amount, signed);
    const headOf = (all) => data.headline.sums.reduce((n, at) => n + all[at], 0n);
    for (const part of [".tools", ".bar", "#waterfall"]) find(part).hidden = false;
    const waterfall = find("#waterfall");
    const wide = () => Math.max(260, waterfall.clientWidth);
    // Measured once and when it changes: to ask after each tick would lay the page out twice.
    let width = wide();
    find("#curves").hidden = !data.curves.length;
    const key = element("p", { class: "key" });
    for (const [kind, words] of [["before", "today"], ["after", "with fixes"], ["gone", "not made"]]) {
      key.append(element("i", { class: kind }), words);
    }
    data.misses.forEach((group, at) => key.append(element("i", { class: `miss ${group}` }), at ? group : `cache lost: ${group}`));
    find("#curves .panels").before(key);
    const panels = curvePanels(find("#curves .panels"), data);

    const chosen = () => ids.filter((_, at) => on[at]);

    // ---- one parameter at another value: tables of what that changes, behind all others ---------

    const setTables = tables.length;
    const none = { move: null, value: null };
    let moved = none;

    // Takes a parameter, and a value that was replayed; none of them is the middle.
    function setMoved(move, value) {
      moved = move ? { move, value } : none;
      tables.length = setTables;
      if (!value) return;
      const all = value.tables.map((toggles) => ({ toggles, sums: data.tables[0].sums, when: move.toggle }));
      tables.push(...readTables(moveBytes.subarray(...value.bytes), all, data));
    }

    // The stops of its slider: the values, with the middle among them.
    const stopsOf = (move) => [...move.values.slice(0, move.below), null, ...move.values.slice(move.below)];
    const movedWords = () => (moved.value ? `${moved.move.key} at ${moved.value.words}` : "");

    function showMoved() {
      const { move, value } = moved;
      find("#parameter").value = move ? move.key : "";
      const slider = find("#value");
      slider.parentElement.hidden = !move;
      find("#curves").hidden = !data.curves.length || Boolean(value);
      if (!move) {
        find("#moved-note").textContent = "";
        return;
      }
      const stops = stopsOf(move);
      slider.max = stops.length - 1;
      slider.value = stops.indexOf(value);
      const words = value ? value.words : "its middle";
      find("#value-words").textContent = words;
      slider.setAttribute("aria-valuetext", words);
      const { id } = toggles[move.toggle];
      const replayed = move.values.map((one) => one.words).join(", ");
      const note = find("#moved-note");
      note.textContent = `${move.what}. Computed beforehand at its middle and at ${replayed}.`;
      if (!on[move.toggle]) note.append(` ${id} is not ticked: nothing moves.`);
      if (!value) return;
      const same = element("code", {}, `--set ${move.key}=${value.typed}`);
      note.append(" The same as ", same, ". Best, steps of effort, bands, wall clock and curves stay at the middle.");
    }

    function fillParameters() {
      const groups = new Map();
      for (const move of data.moves) {
        const { id, title } = toggles[move.toggle];
        if (!groups.has(id)) groups.set(id, element("optgroup", { label: `${id} ${title}` }));
        groups.get(id).append(element("option", { value: move.key }, move.key));
      }
      find("#parameter").append(...groups.values());
      find("#moves").hidden = !data.moves.length;
    }

    const totals = new Map();
    for (const cell of every("[data-total]")) {
      totals.set(`${cell.dataset.total} ${cell.dataset.side}`, cell);
    }
    const put = (cell, value, words) => {
      cell.dataset.value = value;
      cell.textContent = words;
    };

    function showTotals(saved) {
      const row = (name, unit, was, less) => {
        if (!totals.has(name + " after")) return;
        put(totals.get(name + " before"), was, say[unit](was));
        put(totals.get(name + " after"), was - less, say[unit](was - less));
        put(totals.get(name + " saved"), less, say[unit](less));
        const share = was === 0n ? "-" : say.share(partBp(unit, less, was));
        find(`[data-share="${name}"]`).textContent = share;
      };
      data.sums.forEach((sum, at) => row(sum.name, sum.unit, baseline[at], saved[at]));
      // The clock was run at the middles alone.
      if (moved.value && totals.has("wall_clock_ms after")) {
        for (const side of ["after", "saved"]) put(totals.get("wall_clock_ms " + side), "", "-");
        find('[data-share="wall_clock_ms"]').textContent = "-";
      }
      row("tokens", "tokens", headOf(baseline), headOf(saved));
    }

    // A saving beside what it is taken from: [verb, amount, rest].
    function saving(unit, less, was, noun) {
      const share = say.share(partBp(unit, abs(less), was));
      const of = less < 0n ? "on top of" : "of";
      return [less < 0n ? "costs" : "saves", say[unit](abs(less)), `${of} ${say[unit](was)}${noun} (${share})`];
    }

    // All dollars, those of output not in the log included, as in the summary.
    const moneyOf = (sums) => sums[sumAt("cost_pico_usd")];
    const amountOf = (sums) => (unit === "money" ? moneyOf(sums) : headOf(sums));

    function savings(saved) {
      const all = [saving("tokens", headOf(saved), headOf(baseline), " " + data.headline.words)];
      if (data.has_dollars) all.push(saving("money", moneyOf(saved), moneyOf(baseline), data.scope));
      return unit === "money" ? all.reverse() : all;
    }

    const inWords = (saved) => savings(saved).map((parts) => parts.join(" ")).join(", ");

    function showSum(saved) {
      const line = find("#sum");
      line.replaceChildren();
      let last = "";
      for (const [verb, amount, rest] of savings(saved)) {
        const words = verb === last ? "" : last ? verb + " " : verb[0].toUpperCase() + verb.slice(1) + " ";
        line.append(last ? ", " : "", words, element("b", {}, amount), " " + rest);
        last = verb;
      }
      const quiet = [];
      if (data.has_dollars) {
        const [was, less] = [baseline[sumAt("calls")], saved[sumAt("calls")]];
        quiet.push(`calls today ${say.count(was)}, with fixes ${say.count(was - less)}`);
      }
      const clock = sumAt("wall_clock_ms");
      if (clock >= 0 && !moved.value) {
        quiet.push(`${say.time(baseline[clock])} on the clock, with fixes ${say.time(baseline[clock] - saved[clock])}`);
      }
      quiet.push(`${chosen().length} of ${most} ticked`);
      if (moved.value) quiet.push(movedWords());
      line.append(element("span", { class: "quiet" }, " \u00b7 " + quiet.join(" \u00b7 ")));
    }

    function showWaterfall() {
      const way = on.map(() => 0);
      let level = amountOf(baseline);
      let before = 0n;
      const steps = [];
      for (const at of data.order) {
        if (!on[at]) continue;
        way[at] = 1;
        const now = savedIn(way, unit);
        // Claims are made in tokens.
        const claim = unit === "tokens" ? toggles[at].claim : null;
        steps.push({ toggle: toggles[at], claim, saving: now - before, before: level });
        level -= now - before;
        before = now;
      }
      const names = new Set(chosen());
      const claims = data.claims.filter((claim) =>
        unit === "tokens" && (names.size === most || claim.toggles.every((id) => names.has(id))));
      drawWaterfall(waterfall, data, steps, [amountOf(baseline), level], claims, width, unit);
    }

    // ---- the slider of effort: the sets of the order of building --------------------------------

    const days = (points) => `${Math.floor(points / 2)}${points % 2 ? ".5" : ""} d`;
    const isStop = (stop) => on.every((isOn, at) => Boolean(isOn) === stop.includes(at));

    function showEffort() {
      const points = toggles.reduce((sum, toggle, at) => sum + (on[at] ? toggle.effort : 0), 0);
      const [slider, at] = [find("#effort"), data.stops.findIndex(isStop)];
      if (at >= 0) slider.value = at;
      // A set of one's own lies on no stop.
      slider.classList.toggle("free", at < 0);
      const words = days(points) + (at < 0 ? ", own choice" : "");
      find("#effort-words").textContent = words;
      slider.setAttribute("aria-valuetext", words);
    }

    function setStop(at) {
      toggles.forEach((_, place) => set(place, data.stops[at].includes(place)));
    }

    function showUnit() {
      document.body.dataset.unit = unit;
      for (const button of every("[data-amounts]")) {
        button.setAttribute("aria-pressed", button.dataset.amounts === unit);
      }
    }

    function showAlone() {
      const nothing = toggles.map(() => 0);
      toggles.forEach((_, at) => {
        if (!alones[at]) return;
        const amount = adds(nothing, at, unit);
        alones[at].dataset.sort = amount;
        find(".amount", alones[at]).textContent = inUnit(amount);
      });
    }

    function setUnit(wanted) {
      if (!data.has_dollars || !["money", "tokens"].includes(wanted)) return;
      unit = wanted;
      showUnit();
    }

    function showAdded(cell, amountOf, words) {
      if (!cell) return;
      const amount = amountOf();
      put(cell, amount, words(amount));
      cell.classList.toggle("cost", amount < 0n);
    }

    function show() {
      const saved = sums(on);
      showTotals(saved);
      showSum(saved);
      toggles.forEach((toggle, at) => {
        boxes[at].checked = Boolean(on[at]);
        boxes[at].closest("tr").classList.toggle("on", Boolean(on[at]));
        showAdded(cells[at], () => adds(on, at, unit), inUnit);
        showAdded(clocks[at], () => addsTime(on, at), moved.value ? () => "-" : say.time);
      });
      showAlone();
      showEffort();
      showMoved();
      showWaterfall();
      for (const panel of panels) panel(on);
      return saved;
    }

    const state = () => {
      const parts = ["on=" + chosen().map(encodeURIComponent).join(",")];
      if (data.has_dollars && unit === "tokens") parts.push("unit=tokens");
      if (moved.value) parts.push(`set=${moved.move.key}=${moved.value.typed}`);
      if (theme() !== "auto") parts.push("theme=" + theme());
      return "#" + parts.join("&");
    };

    // Browsers refuse an address that changes more than 200 times in half a minute.
    let [written, later] = [[], 0];
    function remember() {
      clearTimeout(later);
      const now = performance.now();
      written = written.filter((time) => now - time < 30000);
      if (written.length < 150) {
        written.push(now);
        history.replaceState(null, "", state());
      } else {
        later = setTimeout(remember, 1000);
      }
    }

    function change(what) {
      const saved = show();
      remember();
      find("#live").textContent = `${what}: ${chosen().length} of ${most} ticked, ${inWords(saved)}`;
    }

    function set(at, value) {
      on[at] = value && toggles[at].can ? 1 : 0;
    }

    // Takes what an address says; an anchor of a section says nothing.
    function restore() {
      const said = location.hash.slice(1);
      if (!said.includes("=")) return;
      const unknown = [];
      setMoved(null);
      for (const part of said.split("&")) {
        const [name, value = ""] = part.split(/=(.*)/s);
        if (name === "on") {
          const wanted = value.split(",").filter(Boolean).map((id) => {
            try {
              return decodeURIComponent(id);
            } catch {
              return id;
            }
          });
          toggles.forEach((toggle, at) => set(at, wanted.includes(toggle.id)));
          for (const id of wanted) {
            const toggle = toggles.find((one) => one.id === id);
            if (!toggle || !toggle.can) unknown.push(id);
          }
        } else if (name === "set") {
          const [key, typed] = value.split("=");
          const move = data.moves.find((one) => one.key === key);
          const known = move && move.values.find((one) => String(one.typed) === typed);
          if (known) setMoved(move, known);
          else unknown.push(value);
        } else if (name === "unit") {
          setUnit(value);
        } else if (name === "theme" && THEMES.includes(value)) {
          setTheme(value);
        }
      }
      const known = unknown.map((id) => cut(id, 20)).slice(0, 8).join(", ");
      const left = unknown.length > 8 ? ", ..." : "";
      notice(unknown.length ? `The link names what cannot be ticked here: ${known}${left}` : "");
    }

    function listen() {
      boxes.forEach((box, at) =>
        box.addEventListener("change", () => {
          set(at, box.checked);
          change(`${ids[at]} ${box.checked ? "on" : "off"}`);
        }));
      const setAll = (value) => {
        toggles.forEach((_, at) => set(at, value));
        change(value ? "All" : "None");
      };
      const best = () => {
        if (!data.stops.length) return;
        setStop(data.stops.length - 1);
        change("Best");
      };
      const switchUnit = (wanted) => {
        setUnit(wanted);
        change(`In ${unit}`);
      };
      find("#best").addEventListener("click", best);
      find("#effort").addEventListener("input", (event) => {
        setStop(Number(event.target.value));
        change(`Effort ${find("#effort-words").textContent}`);
      });
      for (const button of every("[data-amounts]")) {
        button.addEventListener("click", () => switchUnit(button.dataset.amounts));
      }
      find("#parameter").addEventListener("change", (event) => {
        setMoved(data.moves.find((one) => one.key === event.target.value), null);
        change("Parameter");
      });
      find("#value").addEventListener("input", (event) => {
        setMoved(moved.move, stopsOf(moved.move)[event.target.value]);
        change(movedWords() || "Middle");
      });
      find("#all").addEventListener("click", () => setAll(1));
      find("#none").addEventListener("click", () => setAll(0));
      find("#theme").addEventListener("click", () => {
        setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
        remember();
      });
      find("#copy").addEventListener("click", copy);
      find("#ask").addEventListener("click", () => find("#help").showModal());
      find("#search").addEventListener("input", (event) => search(event.target.value));
      addEventListener("hashchange", () => {
        restore();
        show();
      });
      const other = () => switchUnit(unit === "money" ? "tokens" : "money");
      document.addEventListener("keydown", (event) => pressed(event, { a: () => setAll(1), n: () => setAll(0), b: best, m: other }));
      new ResizeObserver(() => {
        if (wide() === width) return;
        width = wide();
        requestAnimationFrame(showWaterfall);
      }).observe(waterfall);
    }

    async function copy() {
      const link = location.href.split("#")[0] + state();
      let isCopied = false;
      try {
        await navigator.clipboard.writeText(link);
        isCopied = true;
      } catch {
        const field = element("textarea", { "aria-hidden": "true" });
        field.value = link;
        document.body.append(field);
        field.select();
        isCopied = document.execCommand("copy");
        field.remove();
      }
      find("#copy").textContent = isCopied ? "Copied" : "Copy link";
      if (!isCopied) notice("Copying is not allowed here; the link is: " + link);
      setTimeout(() => (find("#copy").textContent = "Copy link"), 1600);
    }

    function pressed(event, choices) {
      if (event.ctrlKey || event.metaKey || event.altKey || find("#help").open) return;
      const field = find("#search");
      // The slider has keys of its own.
      if (event.target.type === "range" && !/^[a-z?/]$/.test(event.key)) return;
      if (event.target === field) {
        if (event.key === "Escape") {
          field.value = "";
          search("");
          field.blur();
          event.preventDefault();
        }
        return;
      }
      const step = (by) => {
        const open = every("input[data-toggle]:not(:disabled)").filter((box) => box.offsetParent);
        const at = open.indexOf(document.activeElement);
        const next = open[at < 0 ? (by > 0 ? 0 : open.length - 1) : at + by];
        if (next) next.focus();
      };
      const keys = {
        j: () => step(1),
        k: () => step(-1),
        ...choices,
        "/": () => field.focus(),
        "?": () => find("#help").showModal(),
      };
      if (Object.hasOwn(keys, event.key)) {
        event.preventDefault();
        keys[event.key]();
      }
    }

    find("#units").hidden = !data.has_dollars;
    find("#efforts").hidden = find("#best").hidden = data.stops.length < 2;
    find("#effort").max = Math.max(1, data.stops.length - 1);
    if (data.stops.length) setStop(data.stops.length - 1);
    else toggles.forEach((_, at) => set(at, 1));
    fillParameters();
    showUnit();
    for (const table of every("table[data-sortable]")) sortable(table);
    restore();
    show();
    listen();
    root.dataset.ready = "true";
  }

  addEventListener("error", (event) => fail(event.error || event.message));
  addEventListener("unhandledrejection", (event) => fail(event.reason));
  start().catch(fail);
})();
