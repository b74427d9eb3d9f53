//! What the reader may do with an event, as the server said last. It only decides what is offered: the server
//! decides what is done.

use leptos::prelude::*;
use shared::model::{media::Media, member::Access};

use crate::session::Session;

/// The reader's rights on the event of the page.
#[derive(Clone, Copy)]
pub(crate) struct Rights {
    /// `None` until the server has said so.
    pub(crate) access: RwSignal<Option<Access>>,
    session: Session,
}

/// Whether the reader may post, and what would help if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Unknown,
    MayPost,
    SignIn,
    Ask,
}

impl Rights {
    pub(crate) fn new(session: Session) -> Self {
        Self { access: RwSignal::new(None), session }
    }

    pub(crate) fn may_manage(self) -> bool {
        self.access.with(|access| access.is_some_and(|access| access.may_manage))
    }

    /// Whether the reader may see who is a member. (An event that nobody owns has none.)
    pub(crate) fn sees_members(self) -> bool {
        self.access.with(|access| access.is_some_and(|access| access.role.is_some()))
            || self.session.is_admin()
    }

    pub(crate) fn standing(self) -> Standing {
        match self.access.get() {
            Some(access) if self.session.is_known() => match (access.may_post, self.session.is_signed_in()) {
                (true, _) => Standing::MayPost,
                (false, true) => Standing::Ask,
                (false, false) => Standing::SignIn,
            },
            _ => Standing::Unknown,
        }
    }

    /// Whether the reader may change or delete an item: any as an owner, otherwise their own.
    pub(crate) fn may_change(self, media: &Media) -> bool {
        let Some(access) = self.access.get() else { return false };
        let own = media.author.account_id.is_some() && media.author.account_id == self.session.id();
        access.may_manage || (access.may_post && own)
    }
}
