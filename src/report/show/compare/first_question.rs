//! What to find out first, in columns.

use crate::report::columns::ColumnField;
use crate::study::whatif::first_question::{FirstQuestion, KnowledgeEffect};

/// What to find out first, for programs.
pub(super) fn first_question_fields<'a>() -> Vec<ColumnField<'a, &'a FirstQuestion>> {
    type Field<'a> = ColumnField<'a, &'a FirstQuestion>;
    vec![
        Field::text("fact", "", "what is open", |it| it.fact.as_str()),
        Field::text("changes", "", "order, verdict or band", |it| match it.effect {
            KnowledgeEffect::Order { .. } => "order",
            KnowledgeEffect::Verdict { .. } => "verdict",
            KnowledgeEffect::Band(_) => "band",
        }),
    ]
}
