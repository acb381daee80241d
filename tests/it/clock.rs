//! The clock against a twin without a heap: at each step it scans everything for the least key.
//! Same ends, waits and critical path, on generated pipelines and turns.

use crate::run::json;
use rand::Rng;
use serde_json::Value;
use windtunnel::clock::pipeline::{
    DispatchPolicy, OrderStage, OrderWork, PipelineRun, SpanKind, run_orders,
};
use windtunnel::clock::turn_limiter::{PacketTurn, TurnLimits, run_turns};
use windtunnel::reconstruct::{Lens, ReportedPipeline, builtin_pipeline, reconstruct};
use windtunnel::recording::CallMarks;
use windtunnel::seed::Seed;

/// A number below `most`.
fn below(rng: &mut impl Rng, most: u64) -> i64 {
    (rng.next_u64() % most) as i64
}

fn some_orders(rng: &mut impl Rng) -> Vec<OrderWork> {
    let mut orders = Vec::new();
    for order in 0..=below(rng, 4) {
        let mut stages = Vec::new();
        for _ in 0..below(rng, 5) {
            // Few different lengths, so that many things happen at once.
            let sessions_ms = (0..below(rng, 4)).map(|_| below(rng, 6)).collect();
            stages.push(OrderStage { sessions_ms, suite_ms: below(rng, 3) });
        }
        orders.push(OrderWork { name: format!("order {}", 9 - order), stages });
    }
    orders
}

/// A span without numbers that hang on the order of events.
type NamedSpan = (String, usize, SpanKind, i64, i64);

#[derive(Debug, Default, PartialEq, Eq)]
struct NamedRun {
    spans: Vec<NamedSpan>,
    path: Vec<NamedSpan>,
    waited_ms: Vec<(String, i64)>,
}

fn named_run(orders: &[OrderWork], run: &PipelineRun) -> NamedRun {
    let name = |span: &windtunnel::clock::pipeline::ClockSpan| {
        (orders[span.order].name.clone(), span.stage, span.kind, span.from_ms, span.to_ms)
    };
    let mut spans: Vec<NamedSpan> = run.spans.iter().map(name).collect();
    spans.sort();
    let mut waited: Vec<(String, i64)> =
        orders.iter().map(|order| order.name.clone()).zip(run.waited_ms.iter().copied()).collect();
    waited.sort();
    let path = run.critical_path().iter().map(name).collect();
    NamedRun { spans, path, waited_ms: waited }
}

/// What an order does in the twin.
#[derive(Clone, Debug)]
enum Doing {
    /// Ready since, by the span that released it.
    Ready(i64, Option<usize>),
    Queued(i64, Option<usize>),
    Given(i64),
    /// The ends of its sessions, and their spans.
    Running(Vec<(i64, usize)>),
    Over,
}

/// The same without a heap. Orders stand in the order of their names.
struct Twin<'a> {
    orders: Vec<&'a OrderWork>,
    policy: DispatchPolicy,
    dispatch_ms: i64,
    doing: Vec<Doing>,
    stage: Vec<usize>,
    /// By orchestrator: its queue, its batch with the end of handing it out, orders it waits for.
    queues: Vec<Vec<usize>>,
    batches: Vec<Option<(i64, Vec<usize>)>>,
    waits_for: Vec<Vec<usize>>,
    freed: Vec<(i64, Option<usize>)>,
    spans: Vec<(NamedSpan, Option<usize>)>,
    waited: Vec<i64>,
}

impl Twin<'_> {
    fn orchestrator(&self, order: usize) -> usize {
        if self.policy == DispatchPolicy::OnePerOrder { order } else { 0 }
    }

    fn span(
        &mut self,
        order: usize,
        kind: SpanKind,
        from: i64,
        to: i64,
        by: Option<usize>,
    ) -> usize {
        let name = self.orders[order].name.clone();
        self.spans.push(((name, self.stage[order], kind, from, to), by));
        self.spans.len() - 1
    }

    /// The least key of everything that can happen: (time, step, what, who, which).
    fn next(&self) -> Option<(i64, u8, u8, usize, usize)> {
        let mut all = Vec::new();
        for (order, doing) in self.doing.iter().enumerate() {
            match doing {
                Doing::Running(ends) => {
                    let open = ends.iter().enumerate().filter(|(_, (end, _))| *end >= 0);
                    all.extend(open.map(|(session, (end, _))| (*end, 0, 0, order, session)));
                }
                Doing::Ready(at, _) => all.push((*at, 1, 0, order, 0)),
                _ => {}
            }
        }
        for (who, batch) in self.batches.iter().enumerate() {
            all.extend(batch.iter().map(|(at, _)| (*at, 0, 1, who, 0)));
            let idle = batch.is_none() && self.waits_for[who].is_empty();
            let since = self.queues[who].iter().map(|&order| match self.doing[order] {
                Doing::Queued(at, _) => at,
                _ => unreachable!("only what is ready is queued"),
            });
            let first = since.min().filter(|_| idle);
            all.extend(first.map(|at| (at.max(self.freed[who].0), 2, 0, who, 0)));
        }
        all.into_iter().min()
    }

    fn stage_over(&mut self, now: i64, order: usize, by: Option<usize>) {
        self.stage[order] += 1;
        let more = self.stage[order] < self.orders[order].stages.len();
        self.doing[order] = if more { Doing::Ready(now, by) } else { Doing::Over };
        let who = self.orchestrator(order);
        if self.policy != DispatchPolicy::Free {
            self.waits_for[who].retain(|other| *other != order);
            if self.waits_for[who].is_empty() && self.batches[who].is_none() {
                self.freed[who] = (now, by);
            }
        }
    }

    fn hand_out(&mut self, now: i64, who: usize) {
        let all = self.policy == DispatchPolicy::Lockstep;
        let count = if all { self.queues[who].len() } else { 1 };
        let batch: Vec<usize> = self.queues[who].drain(..count).collect();
        let mut by = self.freed[who].1;
        for &order in batch.iter().rev() {
            match self.doing[order] {
                Doing::Queued(at, ready_by) if at == now => by = ready_by,
                _ => {}
            }
        }
        let mut at = now;
        for &order in &batch {
            let stage = &self.orders[order].stages[self.stage[order]];
            let suite = stage.suite_ms;
            let takes = self.dispatch_ms * stage.sessions_ms.len().max(1) as i64;
            let Doing::Queued(ready, _) = self.doing[order] else { unreachable!() };
            self.doing[order] = Doing::Given(ready + suite + takes);
            if suite > 0 {
                by = Some(self.span(order, SpanKind::Suite, at, at + suite, by));
            }
            by = Some(self.span(order, SpanKind::Dispatch, at + suite, at + suite + takes, by));
            at += suite + takes;
        }
        self.freed[who] = (at, by);
        self.batches[who] = Some((at, batch));
    }

    fn start(&mut self, now: i64, who: usize) {
        let (_, batch) = self.batches[who].take().unwrap();
        let by = self.freed[who].1;
        if self.policy != DispatchPolicy::Free {
            self.waits_for[who].clone_from(&batch);
        }
        for order in batch {
            let Doing::Given(since) = self.doing[order] else { unreachable!() };
            self.waited[order] += now - since;
            let lengths = self.orders[order].stages[self.stage[order]].sessions_ms.clone();
            let mut ends = Vec::new();
            for (session, length) in lengths.iter().enumerate() {
                let kind = SpanKind::Session(session);
                ends.push((now + length, self.span(order, kind, now, now + length, by)));
            }
            if ends.is_empty() {
                self.stage_over(now, order, by);
            } else {
                self.doing[order] = Doing::Running(ends);
            }
        }
    }

    fn run(mut self) -> NamedRun {
        while let Some((now, step, what, who, session)) = self.next() {
            match (step, what) {
                (0, 0) => {
                    let Doing::Running(ends) = &mut self.doing[who] else { unreachable!() };
                    let span = ends[session].1;
                    ends[session].0 = -1;
                    if ends.iter().all(|(end, _)| *end < 0) {
                        self.stage_over(now, who, Some(span));
                    }
                }
                (0, _) => self.start(now, who),
                (1, _) => {
                    let Doing::Ready(at, by) = self.doing[who] else { unreachable!() };
                    self.doing[who] = Doing::Queued(at, by);
                    let orchestrator = self.orchestrator(who);
                    self.queues[orchestrator].push(who);
                }
                _ => self.hand_out(now, who),
            }
        }
        let last = self.spans.iter().map(|(span, _)| span.4).max();
        let mut at = self.spans.iter().position(|(span, _)| Some(span.4) == last);
        let mut path = Vec::new();
        while let Some(index) = at {
            path.push(self.spans[index].0.clone());
            at = self.spans[index].1;
        }
        path.reverse();
        let mut spans: Vec<NamedSpan> = self.spans.into_iter().map(|(span, _)| span).collect();
        spans.sort();
        let names = self.orders.iter().map(|order| order.name.clone());
        NamedRun { spans, path, waited_ms: names.zip(self.waited).collect() }
    }
}

fn twin_run(orders: &[OrderWork], policy: DispatchPolicy, dispatch_ms: i64) -> NamedRun {
    let mut by_name: Vec<&OrderWork> = orders.iter().collect();
    by_name.sort_by_key(|order| &order.name);
    let count = orders.len();
    let doing = by_name
        .iter()
        .map(|order| if order.stages.is_empty() { Doing::Over } else { Doing::Ready(0, None) });
    Twin {
        doing: doing.collect(),
        orders: by_name,
        policy,
        dispatch_ms,
        stage: vec![0; count],
        queues: vec![Vec::new(); count],
        batches: vec![None; count],
        waits_for: vec![Vec::new(); count],
        freed: vec![(0, None); count],
        spans: Vec::new(),
        waited: vec![0; count],
    }
    .run()
}

#[test]
fn orders_run_as_in_a_twin_without_a_heap() {
    for case in 0_u64..3_000 {
        let mut rng = Seed(case).random_stream("orders", b"");
        let orders = some_orders(&mut rng);
        for policy in DispatchPolicy::ALL {
            let dispatch_ms = below(&mut rng, 3);
            let run = run_orders(&orders, policy, dispatch_ms);
            let want = twin_run(&orders, policy, dispatch_ms);
            assert_eq!(named_run(&orders, &run), want, "case {case}, {policy:?}, {orders:?}");
            assert!(run.waited_ms.iter().all(|waited| *waited >= 0), "case {case}");
            // The path has no gaps and is as long as the whole.
            let path = run.critical_path();
            let length: i64 = path.iter().map(|span| span.to_ms - span.from_ms).sum();
            assert_eq!(length, run.end_ms(None), "case {case}, {policy:?}");
            // What order files are read in does not matter.
            let turned: Vec<OrderWork> = orders.iter().rev().cloned().collect();
            let other = run_orders(&turned, policy, dispatch_ms);
            assert_eq!(named_run(&turned, &other), want, "case {case} turned");
        }
    }
}

#[test]
fn time_that_is_freed_never_costs_with_an_orchestrator_of_its_own() {
    for case in 0_u64..500 {
        let mut rng = Seed(case).random_stream("freed", b"");
        let orders = some_orders(&mut rng);
        let mut shorter = orders.clone();
        for stage in shorter.iter_mut().flat_map(|order| &mut order.stages) {
            for session in &mut stage.sessions_ms {
                *session -= below(&mut rng, 2).min(*session);
            }
        }
        let policy = DispatchPolicy::OnePerOrder;
        let ends = [&orders, &shorter].map(|orders| run_orders(orders, policy, 1).end_ms(None));
        assert!(ends[1] <= ends[0], "case {case}");
    }
}

/// What a turn does in the twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Its sender is not done.
    Unsent,
    Comes(i64),
    AtAgent(i64),
    Starts(i64),
    AtPlace(i64),
    Sends(i64),
    Ends(i64),
    Over,
}

/// Runs turns without a heap: what each of them started and ended at, when requests left, and how
/// many were refused.
fn twin_turns(turns: &[PacketTurn], limits: TurnLimits) -> (Vec<(i64, i64)>, Vec<i64>, i64) {
    let mut doing: Vec<Turn> = turns
        .iter()
        .map(|turn| turn.sent_by.map_or(Turn::Comes(turn.from_ms), |_| Turn::Unsent))
        .collect();
    let mut times: Vec<(i64, i64)> = vec![(0, 0); turns.len()];
    let (mut sent, mut refused, mut cooldown, mut running) = (Vec::new(), 0, i64::MIN, 0);
    let (mut next, mut tries) = (vec![0; turns.len()], vec![0_u32; turns.len()]);
    let mut places: Vec<usize> = Vec::new();
    loop {
        let keys = doing.iter().enumerate().filter_map(|(turn, what)| match what {
            Turn::Ends(at) => Some((*at, 0, turn)),
            Turn::Comes(at) => Some((*at, 1, turn)),
            Turn::Starts(at) => Some((*at, 2, turn)),
            Turn::Sends(at) => Some((*at, 3, turn)),
            _ => None,
        });
        let Some((now, _, turn)) = keys.min() else { break };
        let mut freed = false;
        match doing[turn] {
            Turn::Comes(_) => {
                times[turn].0 = now;
                let busy = (0..turns.len()).any(|other| {
                    turns[other].agent == turns[turn].agent
                        && matches!(
                            doing[other],
                            Turn::Starts(_) | Turn::AtPlace(_) | Turn::Sends(_) | Turn::Ends(_)
                        )
                });
                doing[turn] = if busy { Turn::AtAgent(now) } else { Turn::Starts(now) };
            }
            Turn::Starts(_) if now < cooldown => doing[turn] = Turn::Starts(cooldown),
            Turn::Starts(_) if limits.turns.is_some_and(|most| running >= most) => {
                doing[turn] = Turn::AtPlace(now);
                places.push(turn);
            }
            Turn::Starts(_) => {
                running += 1;
                doing[turn] = Turn::Sends(now);
            }
            Turn::Sends(_) => {
                let most = limits.requests_a_minute.map_or(usize::MAX, |most| most as usize);
                let last: Vec<i64> = sent.iter().copied().filter(|at| now - at < 60_000).collect();
                if last.len() >= most {
                    refused += 1;
                    let room = last[last.len() - most] + 60_000 - now;
                    let back_off = 250_i64.saturating_mul(1 << tries[turn].min(20)).min(30_000);
                    tries[turn] += 1;
                    let wait = room.max(back_off).max(10_000);
                    cooldown = cooldown.max(now + wait);
                    doing[turn] = Turn::Starts(now + wait);
                    freed = true;
                } else {
                    sent.push(now);
                    let at = turns[turn].requests_ms[next[turn]];
                    next[turn] += 1;
                    doing[turn] = match turns[turn].requests_ms.get(next[turn]) {
                        Some(then) => Turn::Sends(now + then - at),
                        None => Turn::Ends(now + turns[turn].takes_ms - at),
                    };
                }
            }
            Turn::Ends(_) => {
                times[turn].1 = now;
                doing[turn] = Turn::Over;
                freed = true;
                for (packet, of) in turns.iter().enumerate() {
                    if of.sent_by == Some(turn) {
                        doing[packet] = Turn::Comes(of.from_ms.max(now));
                    }
                }
                // The packet that came first to the agent, then the first of those of one time.
                let waiting = doing.iter().enumerate().filter_map(|(other, what)| match what {
                    Turn::AtAgent(since) if turns[other].agent == turns[turn].agent => {
                        Some((*since, other))
                    }
                    _ => None,
                });
                if let Some((_, other)) = waiting.min() {
                    doing[other] = Turn::Starts(now);
                }
            }
            Turn::Unsent | Turn::AtAgent(_) | Turn::AtPlace(_) | Turn::Over => unreachable!(),
        }
        if freed {
            running -= 1;
            if !places.is_empty() {
                doing[places.remove(0)] = Turn::Starts(now);
            }
        }
    }
    (times, sent, refused)
}

#[test]
fn turns_run_as_in_a_twin_without_a_heap() {
    for case in 0_u64..3_000 {
        let mut rng = Seed(case).random_stream("turns", b"");
        let mut turns: Vec<PacketTurn> = Vec::new();
        for index in 0..below(&mut rng, 9) as usize {
            let mut requests_ms = vec![0];
            for _ in 0..below(&mut rng, 5) {
                requests_ms.push(requests_ms[requests_ms.len() - 1] + 1_000 * below(&mut rng, 20));
            }
            let takes_ms = requests_ms[requests_ms.len() - 1] + 1_000 * below(&mut rng, 20);
            // A sender stands before its packet.
            let sender = below(&mut rng, 12) as usize;
            turns.push(PacketTurn {
                agent: below(&mut rng, 3) as usize,
                from_ms: 5_000 * below(&mut rng, 12),
                sent_by: (sender < index).then_some(sender),
                takes_ms,
                requests_ms,
            });
        }
        let some = |value: i64| (value > 0).then_some(value);
        let limits = TurnLimits {
            turns: some(below(&mut rng, 4)).map(|most| most as usize),
            requests_a_minute: some(below(&mut rng, 5)).map(|most| most as u32),
        };
        let run = run_turns(&turns, limits);
        let (times, sent, refused) = twin_turns(&turns, limits);
        assert_eq!(run.turns_ms, times, "case {case}, {limits:?}, {turns:?}");
        assert_eq!((run.sent_ms, run.load.refused), (sent, refused), "case {case}");
        let waits = run.load.waits;
        let all = waits.agent_ms + waits.place_ms + waits.provider_ms;
        assert_eq!(all, run.load.waited_ms, "case {case}");
    }
}

fn rows<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("{key} of {value} is no list"))
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

#[test]
fn the_minutes_of_order_774_meet_what_is_told() {
    let all = json(&["compare", "order-774", "--draws", "200"]);
    let minutes = &all["minutes"];
    let (before, after) = (whole(&minutes["before_ms"]), whole(&minutes["after_ms"]));
    // 155.0 minutes of sessions; the lenses, 10m 41s, run side by side, the longest 4 in 10 of it.
    assert!((148 * 60_000..149 * 60_000).contains(&before), "{before}");
    let path = rows(minutes, "critical_path");
    assert_eq!(path.len(), 10);
    for (side, told) in [("before_ms", before), ("after_ms", after)] {
        assert_eq!(path.iter().map(|stage| whole(&stage[side])).sum::<i64>(), told, "{side}");
    }
    // Shares add up, and what cannot move time moves none.
    let mut shares = 0;
    for toggle in rows(minutes, "toggles") {
        let id = toggle["id"].as_str().unwrap();
        let alone = whole(&toggle["alone_ms"]);
        shares += whole(&toggle["shapley_ms"]);
        assert_eq!(alone == 0, ["R1", "R7", "R8", "R9"].contains(&id), "{id}: {alone}");
    }
    assert_eq!(shares, before - after);
    // 303 minutes: a dispatch that blocks takes as long, dispatches in the background do not.
    for row in rows(minutes, "night") {
        let is_told = row["policy"] == "serial" && row["has_suites"] == false;
        assert_eq!(row["meets_told"], is_told, "{row}");
        assert!(whole(&row["after_p50_ms"]) < whole(&row["before_p50_ms"]), "{row}");
    }
}

#[test]
fn aborted_runs_are_worth_the_time_that_is_told() {
    let args = ["compare", "order-774", "--with", "R5", "--set", "R5.prevented=10000"];
    let all = json(&[&args[..], &["--draws", "0"]].concat());
    let minutes = &all["minutes"];
    // Both aborted runs together: 65 seconds, their calls included.
    assert_eq!(whole(&minutes["before_ms"]) - whole(&minutes["after_ms"]), 65_000);
    // Without draws nothing is drawn of the night.
    assert!(rows(minutes, "night").is_empty());
}

#[test]
fn a_polled_run_takes_no_longer_than_a_run() {
    let reported = builtin_pipeline("order-774").unwrap();
    let recording = reconstruct(&reported, Lens::Message).unwrap().recording;
    let session = recording.sessions.iter().find(|one| one.id == "e2495448").unwrap();
    let calls: Vec<_> = session.call_range().collect();
    let is_poll = |at: usize| recording.calls[at].marks.contains(CallMarks::POLL);
    let first = calls.iter().position(|&at| is_poll(at)).unwrap();
    let last = calls.iter().rposition(|&at| is_poll(at)).unwrap();
    // From the call that starts the run to the call behind the last poll.
    let from = recording.calls[calls[first - 1]].start_ms;
    let to = recording.calls[calls[last + 1]].start_ms;
    assert!((5 * 60_000..=7 * 60_000).contains(&(to - from)), "{} ms", to - from);
}

#[test]
fn recordings_without_orders_tell_no_minutes() {
    let all = json(&["compare", "cockpit-2026-02", "--draws", "0"]);
    assert_eq!(all.get("minutes"), None);
    assert_eq!(all.get("whole"), None);
}

#[test]
fn hours_that_cannot_be_are_refused_and_strange_ones_answered() {
    let told = include_str!("../../recorded/order-774.json");
    for (from, to, field) in [
        ("\"chance\": 5000", "\"chance\": 6000", "night.policies"),
        ("\"dispatches\": \"26\"", "\"dispatches\": \"0\"", "night.dispatches"),
        ("\"time\": \"8-20m\"", "\"time\": \"8-20\"", "night.stages.1.time"),
        (
            "\"attributed_share\": \"54%\"",
            "\"attributed_share\": \"540%\"",
            "orchestrator.attributed",
        ),
    ] {
        assert!(told.contains(from), "{from}");
        let error = ReportedPipeline::parse_json("night", &told.replace(from, to)).unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
    // A context that falls has no growth.
    let folder = tempfile::tempdir().unwrap();
    let strange = told.replace("\"context_last\": \"98K\"", "\"context_last\": \"9K\"");
    let file = folder.path().join("strange.json");
    std::fs::write(&file, strange).unwrap();
    let all = json(&["compare", file.to_str().unwrap(), "--draws", "0"]);
    assert!(rows(&all["whole"], "what_ifs").is_empty());
}
