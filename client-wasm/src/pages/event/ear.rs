//! What is said on the event's topic beside its timeline, for whoever shows it while it is shown. The page follows
//! the topic; there is one ear at a time.

use std::rc::Rc;

use leptos::prelude::*;
use shared::Publication;

/// What there is to be heard.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said<'a> {
    /// Something may have been missed: read anew.
    Refresh,
    Publications(&'a [Publication]),
}

type Hearer = Rc<dyn Fn(Said<'_>)>;

/// Where what is said is heard.
#[derive(Clone, Copy)]
pub(crate) struct Ear(StoredValue<Option<Hearer>, LocalStorage>);

impl Ear {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new_local(None))
    }

    /// Hears until the current owner is cleaned up.
    pub(crate) fn open(self, hearer: impl Fn(Said<'_>) + 'static) {
        self.0.set_value(Some(Rc::new(hearer)));
        on_cleanup(move || {
            self.0.try_set_value(None);
        });
    }

    pub(crate) fn say(self, said: Said<'_>) {
        // Taken out, so that it may close.
        if let Some(hearer) = self.0.get_value() {
            hearer(said);
        }
    }
}
