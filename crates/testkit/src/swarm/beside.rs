//! What others do on the swarm while a run goes on: a hook on the host, or a stranger.

use super::FakeSwarm;
use super::state::Helper;
use cc_ci_engine::swarm::EventKind;
use cc_ci_model::object::{Object, ObjectKind};
use std::collections::BTreeMap;

impl FakeSwarm {
    /// An object that the engine does not let go, because a container of that name uses it.
    #[must_use]
    pub fn held(self, object: Object, by: &str) -> Self {
        self.orders().held.entry(object.clone()).or_default().insert(by.to_owned());
        self.stuck(object)
    }

    /// An object that is no service appears now.
    pub fn appears(&self, object: Object, labels: &[(&str, &str)]) {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut state = self.state();
        if object.kind == ObjectKind::Container {
            state.helpers.insert(object.name, Helper { labels, files: BTreeMap::new() });
        } else {
            state.objects.insert(object, labels);
        }
    }

    /// An object goes now.
    pub fn goes(&self, object: &Object) {
        self.state().remove(object);
    }

    /// Tells whoever listens that a service of that full name came or went: `create` or `remove`.
    pub fn tells(&self, action: &str, service: &str) {
        self.state().tell(EventKind::Service, action, &format!("id of {service}"), [("name", service)]);
    }
}
