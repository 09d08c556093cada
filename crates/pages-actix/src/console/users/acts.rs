//! What is done to a user by one button.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{UpdateUserCommand, UseCases};
use portcullis_domain::{Actor, OwnPermission, User, UserId};
use portcullis_http_actix::building_blocks::{PathId, Problem};

use super::{detail, path_of};
use crate::console::Section;
use crate::console::confirmation::Confirmation;
use crate::console::elements::{ActItem, AskingWay};
use crate::elements::{Form, Html, Weight};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Nothing, Submission};
use crate::texts::Question;
use crate::visit::{SignedIn, Visit};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Takes the address for verified.
    Verify,
    /// Lifts the lockout that wrong passwords brought.
    Unlock,
    /// Lets somebody use their account again.
    Enable,
    /// Lets somebody use their account no longer.
    Disable,
    /// Ends every session.
    SignOut,
    /// Erases the account.
    Delete,
}

impl Act {
    /// Where it is done, below the page of the user.
    fn word(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Unlock => "unlock",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::SignOut => "sign-out",
            Self::Delete => "delete",
        }
    }

    /// What it takes besides seeing the user.
    pub(super) fn permission(self) -> OwnPermission {
        match self {
            Self::Verify | Self::Unlock | Self::Enable | Self::Disable => OwnPermission::UsersWrite,
            Self::SignOut => OwnPermission::SessionsRevoke,
            Self::Delete => OwnPermission::UsersDelete,
        }
    }

    /// Whether it has to be confirmed.
    pub(crate) fn asks_first(self) -> bool {
        matches!(self, Self::Disable | Self::SignOut | Self::Delete)
    }

    /// Whether it would change anything about a user, whom wrong passwords have locked or not.
    pub(super) fn fits(self, user: &User, is_locked: bool) -> bool {
        match self {
            Self::Verify => !user.email_verified,
            Self::Enable => !user.is_active,
            Self::Disable => user.is_active,
            Self::Unlock => is_locked,
            Self::SignOut | Self::Delete => true,
        }
    }

    fn texts(self, visit: &Visit) -> &'static Question {
        let texts = &visit.texts().console_users;
        match self {
            Self::Verify => &texts.verify,
            Self::Unlock => &texts.unlock,
            Self::Enable => &texts.enable,
            Self::Disable => &texts.disable,
            Self::SignOut => &texts.sign_out,
            Self::Delete => &texts.delete,
        }
    }

    fn path(self, user: UserId) -> String {
        format!("{}/{}", path_of(user), self.word())
    }

    /// The act as it is offered on the page of a user.
    pub(super) fn item(self, visit: &Visit, user: &User) -> ActItem {
        let texts = self.texts(visit);
        let path = self.path(user.id);
        let way = if self.asks_first() {
            Html::of(AskingWay { href: visit.frame.to(&path), label: &texts.button })
        } else {
            Html::of(Form { weight: Weight::Secondary, ..visit.form(&path, &texts.button) })
        };
        let text = texts.text.join(" ").replace("{about}", user.email.as_str());
        ActItem { title: texts.title.clone(), text, way: Some(way) }
    }

    /// The page that asks first.
    pub(crate) async fn ask(
        self,
        SignedIn { visit, .. }: SignedIn,
        user: PathId<UserId>,
        use_cases: web::Data<UseCases>,
    ) -> Result<HttpResponse, Problem> {
        let user = use_cases.find_user.find(user.named()?).await?;
        Ok(self.confirmation(&visit, &user).page(&visit, &Refusals::none()))
    }

    fn confirmation(self, visit: &Visit, user: &User) -> Confirmation {
        Confirmation {
            section: Section::Users,
            question: self.texts(visit),
            about: user.email.to_string(),
            action: self.path(user.id),
            back: path_of(user.id),
        }
    }

    pub(crate) async fn perform(
        self,
        Submission { visitor, .. }: Submission<SignedIn, Nothing>,
        user: PathId<UserId>,
        use_cases: web::Data<UseCases>,
    ) -> Result<HttpResponse, Problem> {
        let user = user.named()?;
        let visit = &visitor.visit;
        match self.apply(&use_cases, &visitor.actor(), user).await {
            Ok(news) => {
                visit.leave(news);
                let onward =
                    if self == Self::Delete { Section::Users.path().to_owned() } else { path_of(user) };
                Ok(visit.frame.redirect(&onward))
            }
            Err(problem) => {
                let refusals = Refusals::of(problem, visit)?;
                if !self.asks_first() {
                    return detail::page(&visitor, &use_cases, user, &refusals).await;
                }
                let user = use_cases.find_user.find(user).await?;
                Ok(self.confirmation(visit, &user).page(visit, &refusals))
            }
        }
    }

    async fn apply(self, use_cases: &UseCases, actor: &Actor, user: UserId) -> Result<News, Problem> {
        let update = async |command| use_cases.update_user.update(actor, user, command).await;
        let unchanged = UpdateUserCommand::default;
        match self {
            Self::Verify => {
                use_cases.verify_user.verify(actor, user).await?;
                Ok(News::UserVerified)
            }
            Self::Unlock => {
                use_cases.unlock_user.unlock(actor, user).await?;
                Ok(News::UserUnlocked)
            }
            Self::Enable => {
                update(UpdateUserCommand { is_active: Some(true), ..unchanged() }).await?;
                Ok(News::UserEnabled)
            }
            Self::Disable => {
                update(UpdateUserCommand { is_active: Some(false), ..unchanged() }).await?;
                Ok(News::UserDisabled)
            }
            Self::SignOut => {
                use_cases.revoke_sessions.revoke(actor, user).await?;
                Ok(News::UserSignedOut)
            }
            Self::Delete => {
                use_cases.delete_user.delete(actor, user).await?;
                Ok(News::UserDeleted)
            }
        }
    }
}
