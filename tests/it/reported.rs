//! Reported pipelines: both lenses meet the published totals to the token.

use windtunnel::fixed;
use windtunnel::reconstruct::{Lens, builtin, reconstruct};

#[test]
fn print() {
    for name in ["order-774", "order-775"] {
        for lens in [Lens::Message, Lens::Record] {
            let reported = builtin(name).unwrap();
            let done = reconstruct(&reported, lens).unwrap();
            println!("{name} {}", lens.name());
            for fit in &done.sessions {
                println!(
                    "  {:16} {:10} pub {:4} calls {:4} [{}-{}] g {} smooth {} mean {} start {} end {}",
                    fit.step,
                    fit.id,
                    fit.calls_published.unwrap_or(0),
                    fit.calls,
                    fit.calls_range.0,
                    fit.calls_range.1,
                    fit.exponent.map_or("-".into(), fixed::to_decimal),
                    fixed::to_decimal(fit.smooth_exponent),
                    fit.mean_context,
                    fit.start,
                    fit.end
                );
            }
            for note in &done.notes {
                println!("  {note}");
            }
            println!(
                "  cuts {} shocks {}",
                done.recording.calls.iter().filter(|c| c.cut != 0).count(),
                done.recording
                    .calls
                    .iter()
                    .filter(|c| c.shock != windtunnel::recording::Shock::None)
                    .count()
            );
        }
    }
}

#[test]
fn print_audit() {
    for name in ["order-774", "order-775"] {
        for f in windtunnel::study::audit::audit(&builtin(name).unwrap()) {
            println!("{:8} {:34} {}\n{:44}{}", f.severity.name(), f.id, f.text, "", f.arithmetic);
        }
    }
    for n in 1..10 {
        println!(
            "{:?}",
            windtunnel::study::audit::claim_arithmetic(
                &builtin("order-774").unwrap(),
                &format!("R{n}")
            )
        );
    }
}
