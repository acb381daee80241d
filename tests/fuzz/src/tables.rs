//! Any bytes as each of the files that people write: scenarios, budgets, rollouts, queues, prices,
//! step tables.

#![cfg_attr(feature = "fuzzer", no_main)]

mod target;

use windtunnel::price::PriceBook;
use windtunnel::reconstruct::routes;
use windtunnel::scenario;
use windtunnel::study::backtest::rollouts_file;
use windtunnel::study::gate::budget::GateBudget;

fn check(bytes: &[u8]) {
    let _ = PriceBook::parse_csv(bytes);
    let folder = target::folder_of(&[("steps.csv", bytes)]);
    target::run_on(&folder, "steps.csv", &["backtest", "FILE", "--at", "2026-04-14"]);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = scenario::parse_scenario("fuzzed", text);
    let _ = GateBudget::parse(text);
    let _ = rollouts_file::parse_rollouts(text);
    if let Ok(queue) = routes::parse_queue_toml("fuzzed", text) {
        let _ = routes::reconstruct_routes(&queue, &queue.modes_of_unknowns());
    }
}

target!(check);
