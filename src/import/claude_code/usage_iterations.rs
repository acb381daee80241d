//! `usage.iterations`: a response may hold several samplings, each billed on its own.
//!
//! A tool that runs at the provider samples again and again, and the top level is the sum of these;
//! an advisor, a compaction at the provider and an attempt that was declined stand in the list
//! alone. A call is the last ordinary sampling of its own model: its context and its price band are
//! those of one request. All others are billed beyond it (MODEL.md, "Accounting").

use super::wire_usage::WireUsage;
use crate::import::parsed_file::UsageBeyondCall;
use crate::models::names::is_same_model;
use crate::recording::Remainder;
use crate::units::Usage;

impl WireUsage {
    /// The usage of the call that a response of `model` is, and what else it billed.
    pub fn split_samplings(&self, model: &str) -> (Usage, Vec<UsageBeyondCall>) {
        let top = self.billed_usage();
        let told_conditions = self.price_facts(model).modifiers;
        // The samplings that the top level sums up, in their order.
        let mut ordinary: Vec<Usage> = Vec::new();
        let mut further: Vec<UsageBeyondCall> = Vec::new();
        for iteration in &self.iterations.0 {
            let usage = iteration.usage_in_tier_of(&top);
            let its_model = iteration.model.as_deref().filter(|name| !name.is_empty());
            let is_own = its_model.is_none_or(|name| is_same_model(name, model));
            let kind = iteration.kind.as_deref().unwrap_or_default();
            let why = if kind.contains("advisor") {
                Remainder::ADVISOR
            } else if kind.contains("compact") {
                Remainder::SERVER_COMPACTION
            // Conditions of a price are told for the response, and hold for its own model's
            // samplings.
            } else if is_own {
                ordinary.push(usage);
                continue;
            } else if usage.output == 0 {
                // A model that declines before it has said anything bills nothing.
                continue;
            } else {
                Remainder::DECLINED_ATTEMPT
            };
            let mut modifiers = iteration.price_facts(its_model.unwrap_or(model)).modifiers;
            if is_own {
                modifiers |= told_conditions;
            }
            let model = its_model.unwrap_or(model).to_owned();
            further.push(UsageBeyondCall { model, usage, why, modifiers });
        }
        let Some((&last, earlier)) = ordinary.split_last() else { return (top, further) };
        let sum: Usage = ordinary.iter().copied().sum();
        // Samplings that do not add up to the top level are no account of it: it counts as it is.
        if earlier.is_empty() || (sum != top && last != top) {
            return (top, further);
        }
        // The last sampling is the call that the session goes on from; the others were billed
        // beside it.
        further.extend(earlier.iter().map(|&usage| UsageBeyondCall {
            model: model.to_owned(),
            usage,
            why: Remainder::EARLIER_SAMPLING,
            modifiers: told_conditions,
        }));
        further.retain(|sampling| !sampling.usage.is_zero());
        (last, further)
    }

    /// As token classes; a sampling that names no tier wrote to the one that the response names.
    fn usage_in_tier_of(&self, top: &Usage) -> Usage {
        let mut usage = self.billed_usage();
        if !self.names_tier() && top.write_1h > 0 && top.write_5m == 0 {
            (usage.write_5m, usage.write_1h) = (0, usage.write_tokens());
        }
        usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::json_reader;

    /// A response of `m`: fresh tokens and output of the call, then those of what is beyond it.
    fn check(top: (i64, i64), iterations: &str, expect: &[(i64, i64, &str)]) {
        let (fresh, output) = top;
        let text = format!(
            "{{\"input_tokens\":{fresh},\"output_tokens\":{output},\"iterations\":{iterations}}}"
        );
        let usage: WireUsage = json_reader::from_slice(text.as_bytes()).expect("usage");
        let (call, further) = usage.split_samplings("m");
        let further = further.iter().map(|one| (one.usage.fresh, one.usage.output, one.why));
        let met: Vec<_> = std::iter::once((call.fresh, call.output, "")).chain(further).collect();
        assert_eq!(met, expect, "{text}");
    }

    fn sampling(kind: &str, fresh: i64, output: i64) -> String {
        format!("{{\"type\":\"{kind}\",\"input_tokens\":{fresh},\"output_tokens\":{output}}}")
    }

    #[test]
    fn one_sampling_is_the_call() {
        check((7, 2), "[]", &[(7, 2, "")]);
        check((7, 2), "null", &[(7, 2, "")]);
        check((7, 2), "[3,\"x\"]", &[(7, 2, "")]);
        check((7, 2), &format!("[{}]", sampling("message", 7, 2)), &[(7, 2, "")]);
        // The top level counts where the list is of an earlier moment.
        check((7, 2), &format!("[{}]", sampling("message", 7, 1)), &[(7, 2, "")]);
    }

    #[test]
    fn of_several_samplings_the_last_is_the_call() {
        let two = format!("[{},{}]", sampling("message", 60, 1), sampling("message", 66, 3));
        check((126, 4), &two, &[(66, 3, ""), (60, 1, "earlier sampling")]);
        check((66, 3), &two, &[(66, 3, ""), (60, 1, "earlier sampling")]);
        check((100, 3), &two, &[(100, 3, "")]);
    }

    #[test]
    fn other_samplings_are_billed_beyond_the_call() {
        let own = sampling("message", 7, 2);
        let list = format!("[{},{own}]", sampling("compaction", 90, 5));
        check((7, 2), &list, &[(7, 2, ""), (90, 5, "server-side compaction")]);
        let advisor = sampling("advisor_message", 50, 4).replace('{', "{\"model\":\"n\",");
        check((7, 2), &format!("[{own},{advisor}]"), &[(7, 2, ""), (50, 4, "advisor")]);
        // Another way to write the name is no other model.
        let alike = own.replace('{', "{\"model\":\"us.anthropic.m\",");
        check((7, 2), &format!("[{alike}]"), &[(7, 2, "")]);
        for (output, billed) in [(3, true), (0, false)] {
            let declined = sampling("message", 7, output).replace('{', "{\"model\":\"n\",");
            let rescue = sampling("fallback_message", 7, 2).replace('{', "{\"model\":\"m\",");
            let expect = [(7, 2, ""), (7, 3, "declined attempt")];
            let expect = if billed { &expect[..] } else { &expect[..1] };
            check((7, 2), &format!("[{declined},{rescue}]"), expect);
        }
    }
}
