use std::borrow::Cow;

use lti::Sender;
use serde::{Deserialize, Serialize};

/// The serialized sender: a consumer is a string, a platform is an array `[name, client,
/// deployment]`.
///
/// The JSON types differ, so that no consumer key can be read as a platform.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum SealedSender<'a> {
    Consumer(Cow<'a, str>),
    Platform([Cow<'a, str>; 3]),
}

impl<'a> SealedSender<'a> {
    pub fn of(sender: &'a Sender) -> Self {
        match sender {
            Sender::Consumer(key) => Self::Consumer(key.as_str().into()),
            Sender::Platform { name, client_id, deployment_id } => Self::Platform([
                name.as_str().into(),
                client_id.as_str().into(),
                deployment_id.as_str().into(),
            ]),
        }
    }

    pub fn into_sender(self) -> Sender {
        match self {
            Self::Consumer(key) => Sender::Consumer(key.into_owned().into()),
            Self::Platform([name, client_id, deployment_id]) => Sender::Platform {
                name: name.into_owned().into(),
                client_id: client_id.into_owned().into(),
                deployment_id: deployment_id.into_owned().into(),
            },
        }
    }
}
