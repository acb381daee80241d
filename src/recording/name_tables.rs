//! Names of models, tools and labels as the numbers that they have in one recording.

use super::Recording;
use crate::ids::NO_TOOL;
use std::collections::HashMap;

/// The ids that names of one session or recording have in another.
pub(super) struct NewIds {
    /// Of its models.
    pub models: Vec<u16>,
    /// Of its tools.
    pub tools: Vec<u16>,
    /// Of its labels.
    pub labels: Vec<u16>,
}

/// The names of a recording that grows, by name.
#[derive(Debug, Default)]
pub(super) struct NameTables {
    models: HashMap<String, u16>,
    tools: HashMap<String, u16>,
    labels: HashMap<String, u16>,
}

impl NameTables {
    /// The ids of some names in `whole`, which learns those that are new.
    pub(super) fn intern_all(
        &mut self,
        whole: &mut Recording,
        models: &[String],
        tools: &[String],
        labels: &[String],
    ) -> NewIds {
        NewIds {
            models: intern_names(&mut self.models, &mut whole.models, models),
            tools: intern_names(&mut self.tools, &mut whole.tools, tools),
            labels: intern_names(&mut self.labels, &mut whole.labels, labels),
        }
    }

    /// The same of all names of a part.
    pub(super) fn intern_part(&mut self, whole: &mut Recording, part: &Recording) -> NewIds {
        self.intern_all(whole, &part.models, &part.tools, &part.labels)
    }

    /// The id of a model.
    pub(super) fn intern_model(&mut self, whole: &mut Recording, name: &str) -> u16 {
        intern_name(&mut self.models, &mut whole.models, name)
    }
}

/// The ids of names, in their order.
fn intern_names(
    ids: &mut HashMap<String, u16>,
    known: &mut Vec<String>,
    names: &[String],
) -> Vec<u16> {
    names.iter().map(|name| intern_name(ids, known, name)).collect()
}

fn intern_name(ids: &mut HashMap<String, u16>, names: &mut Vec<String>, name: &str) -> u16 {
    if let Some(&id) = ids.get(name) {
        return id;
    }
    // The last id is reserved for "no tool"; beyond it all names share the last slot.
    let id = names.len().min(usize::from(NO_TOOL) - 1) as u16;
    if usize::from(id) == names.len() {
        names.push(name.to_owned());
    }
    ids.insert(name.to_owned(), id);
    id
}
