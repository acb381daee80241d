//! Any bytes as a recording, a reported pipeline, routes, a baseline, observations.

#![cfg_attr(feature = "fuzzer", no_main)]

mod target;

use windtunnel::plan::Plan;
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{ReportedPipeline, ReportedRoutes};
use windtunnel::recording::format;
use windtunnel::replay;
use windtunnel::study::backtest::Observations;
use windtunnel::study::gate::baseline::Baseline;

fn check(bytes: &[u8]) {
    if let Ok(recording) = format::from_bytes(bytes) {
        target::check_recording(&recording);
        // Nothing toggled is what was recorded.
        if let Ok(plan) = Plan::compile(&recording, &[], &Pricing::embedded()) {
            assert_eq!(replay::replay_plan(&plan, 0).total_usage(), recording.total_usage());
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = ReportedPipeline::parse_json("fuzzed", &text);
    let _ = ReportedRoutes::parse_json("fuzzed", &text);
    let _ = Baseline::parse("fuzzed", bytes);
    let _ = Observations::parse(bytes);
}

target!(check);
