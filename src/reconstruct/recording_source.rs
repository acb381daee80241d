//! Where the calls of a recording come from, and what only that source knows.

use super::event::ReportedEvent;
use super::routes::{RouteReconstruction, reconstruct_routes};
use super::unknown::UnknownQuantity;
use super::{
    LayoutScratch, Lens, Reconstruction, ReportedPipeline, ReportedRoutes, reconstruct,
    reconstruct_once_more,
};
use crate::price;
use crate::recording::Recording;
use std::collections::{BTreeSet, HashMap};

/// A recording with what was published beside it, if anything was.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are one or two of them in a run")]
pub enum RecordingSource {
    /// The calls were recorded.
    Recorded(Recording),
    /// They follow from the published totals of a pipeline, and some call counts are open.
    Pipeline {
        /// What was published.
        reported: ReportedPipeline,
        /// How published calls are read.
        lens: Lens,
        /// The likeliest calls.
        fit: Reconstruction,
    },
    /// They follow from published totals of routes, and from unknowns.
    Routes {
        /// What was published.
        routes: ReportedRoutes,
        /// The calls where every unknown is at its mode.
        fit: RouteReconstruction,
    },
}

/// A figure that cannot be known of a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnownFigureError {
    /// The source does not leave it open.
    #[error("'source.{id}': the source leaves no such figure open; {}", open_in_words(open))]
    NotOpen {
        /// Its id.
        id: String,
        /// Those that are open, with commas between them.
        open: String,
    },
    /// It is beyond what its range allows.
    #[error("'source.{id}' is {value}, wanted {low} to {high}")]
    OutOfRange {
        /// Its id.
        id: String,
        /// What was given.
        value: i64,
        /// The lowest value.
        low: i64,
        /// The highest value.
        high: i64,
    },
    /// No calls meet what was published.
    #[error("'source': no calls meet what was published with these figures")]
    Unmet,
}

fn open_in_words(open: &str) -> String {
    if open.is_empty() { "it was recorded".to_owned() } else { format!("it leaves {open}") }
}

impl RecordingSource {
    /// The calls, where counts are open the likeliest ones.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        match self {
            Self::Recorded(recording) => recording,
            Self::Pipeline { fit, .. } => &fit.recording,
            Self::Routes { fit, .. } => &fit.recording,
        }
    }

    /// The calls, to have their names changed.
    pub fn recording_mut(&mut self) -> &mut Recording {
        match self {
            Self::Recorded(recording) => recording,
            Self::Pipeline { fit, .. } => &mut fit.recording,
            Self::Routes { fit, .. } => &mut fit.recording,
        }
    }

    /// Hides ids that are names, but those in `published`; in what was published itself those of
    /// the inventory, wherever they stand. Others there are made of names of steps, agents and
    /// kinds, which stay.
    pub fn hide_ids(&mut self, published: &BTreeSet<String>) {
        let (reported, fit) = match self {
            Self::Recorded(recording) => return recording.hide_ids(published),
            Self::Routes { .. } => return,
            Self::Pipeline { reported, fit, .. } => (reported, fit),
        };
        let rows = reported.inventory.iter().flat_map(|it| &it.rows);
        let listed: BTreeSet<String> = rows.map(|row| row.id.clone()).collect();
        let sessions = &fit.recording.sessions;
        let ids = sessions.iter().flat_map(|session| [&session.id, &session.pipeline]);
        // Ids of the inventory are names that a customer gave; the others were made here.
        let kept = ids.filter(|id| !listed.contains(*id)).cloned().collect();
        // Hidden first in the calls, then wherever else the same id stands.
        let before: Vec<String> = sessions.iter().map(|session| session.id.clone()).collect();
        fit.recording.hide_ids(&kept);
        let after = fit.recording.sessions.iter().map(|session| session.id.clone());
        let renamed: HashMap<String, String> = before.into_iter().zip(after).collect();
        let rows = reported.inventory.iter_mut().flat_map(|it| &mut it.rows);
        let named = rows.map(|row| &mut row.id).chain(fit.sessions.iter_mut().map(|it| &mut it.id));
        let events = reported.events.iter_mut().filter_map(ReportedEvent::session_id_mut);
        let crashes = reported.crashes.iter_mut().flat_map(|it| &mut it.clusters);
        let crashes = crashes.map(|cluster| &mut cluster.session);
        for id in named.chain(events).chain(crashes) {
            if let Some(hidden) = renamed.get(id) {
                id.clone_from(hidden);
            }
        }
    }

    /// The calls alone: what was published is forgotten.
    #[must_use]
    pub fn into_recording(self) -> Recording {
        match self {
            Self::Recorded(recording) => recording,
            Self::Pipeline { fit, .. } => fit.recording,
            Self::Routes { fit, .. } => fit.recording,
        }
    }

    /// Whether it is known only from published totals.
    #[must_use]
    pub fn is_published(&self) -> bool {
        !matches!(self, Self::Recorded(_))
    }

    /// What was published of a pipeline.
    #[must_use]
    pub fn pipeline(&self) -> Option<&ReportedPipeline> {
        match self {
            Self::Pipeline { reported, .. } => Some(reported),
            Self::Recorded(_) | Self::Routes { .. } => None,
        }
    }

    /// What was published of routes.
    #[must_use]
    pub fn routes(&self) -> Option<&ReportedRoutes> {
        match self {
            Self::Routes { routes, .. } => Some(routes),
            Self::Recorded(_) | Self::Pipeline { .. } => None,
        }
    }

    /// How the published calls of a pipeline are read, and how they were fitted.
    #[must_use]
    pub fn pipeline_fit(&self) -> Option<(Lens, &Reconstruction)> {
        match self {
            Self::Pipeline { lens, fit, .. } => Some((*lens, fit)),
            Self::Recorded(_) | Self::Routes { .. } => None,
        }
    }

    /// What a source leaves unknown.
    #[must_use]
    pub fn unknowns(&self) -> &[UnknownQuantity] {
        match self {
            Self::Recorded(_) => &[],
            Self::Pipeline { reported, .. } => &reported.unknowns,
            Self::Routes { routes, .. } => &routes.unknowns,
        }
    }

    /// The calls where the unknowns, in their order, have these values; `None` where there are none
    /// that meet what was published. What a thread keeps moves no call.
    pub(crate) fn recording_with_unknowns(
        &self,
        values: &[i64],
        kept: &mut LayoutScratch,
    ) -> Option<Recording> {
        match self {
            Self::Recorded(recording) => Some(recording.clone()),
            Self::Pipeline { reported, lens, .. } => {
                let reported = reported.with_unknowns(values);
                let fit = reconstruct_once_more(&reported, *lens, &[], kept);
                fit.ok().map(|fit| fit.recording)
            }
            Self::Routes { routes, .. } => {
                reconstruct_routes(routes, values).ok().map(|laid| laid.recording)
            }
        }
    }

    /// The same where somebody knows figures that the source leaves open: they are drawn no more.
    ///
    /// # Errors
    /// A figure that the source does not leave open, or a value outside its range.
    pub fn with_known_figures(self, known: &[(String, i64)]) -> Result<Self, KnownFigureError> {
        let mut unknowns = self.unknowns().to_vec();
        for (id, value) in known {
            let Some(unknown) = unknowns.iter_mut().find(|unknown| unknown.id == *id) else {
                let open: Vec<&str> = unknowns.iter().map(|unknown| unknown.id.as_str()).collect();
                return Err(KnownFigureError::NotOpen { id: id.clone(), open: open.join(", ") });
            };
            // A figure beyond its range contradicts the source: then the range is to be mended,
            // there.
            let (low, high) = (unknown.low, unknown.high);
            if !(low..=high).contains(value) {
                return Err(KnownFigureError::OutOfRange {
                    id: id.clone(),
                    value: *value,
                    low,
                    high,
                });
            }
            (unknown.low, unknown.mode, unknown.high) = (*value, *value, *value);
            unknown.weights.clear();
        }
        let modes: Vec<i64> = unknowns.iter().map(|unknown| unknown.mode).collect();
        let unmet = || KnownFigureError::Unmet;
        Ok(match self {
            Self::Pipeline { reported, lens, .. } if !known.is_empty() => {
                let reported = ReportedPipeline { unknowns, ..reported };
                let fit = reconstruct(&reported.with_unknowns(&modes), lens);
                Self::Pipeline { fit: fit.map_err(|_| unmet())?, reported, lens }
            }
            Self::Routes { routes, .. } if !known.is_empty() => {
                let routes = ReportedRoutes { unknowns, ..routes };
                let fit = reconstruct_routes(&routes, &modes).map_err(|_| unmet())?;
                Self::Routes { routes, fit }
            }
            other => other,
        })
    }

    /// The lens, for a published pipeline.
    #[must_use]
    pub fn lens(&self) -> Option<Lens> {
        self.pipeline_fit().map(|(lens, _)| lens)
    }

    /// Whether dollars can be said.
    #[must_use]
    pub fn can_be_priced(&self) -> bool {
        price::tells_token_classes(&self.recording().models)
    }
}
