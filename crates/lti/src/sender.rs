use std::fmt;

/// Declares a newtype for a string.
macro_rules! string_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The string as configured or sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

string_newtype! {
    /// The OAuth key that a platform or a course shares with one tool.
    ConsumerKey
}
string_newtype! {
    /// The name of a platform in the configuration.
    PlatformName
}
string_newtype! {
    /// The id of one registration at a platform.
    ClientId
}
string_newtype! {
    /// The id of one installation of a client in its platform.
    DeploymentId
}

/// The sender of a launch.
///
/// Compare senders, never the string of a sender with a key: a platform would pass for a consumer
/// with a crafted key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The consumer that signed an LTI 1.1 launch.
    Consumer(ConsumerKey),
    /// The platform that signed an LTI 1.3 launch.
    Platform {
        /// The platform.
        name: PlatformName,
        /// The registration that was launched.
        client_id: ClientId,
        /// The installation that was launched.
        deployment_id: DeploymentId,
    },
}

impl Sender {
    /// The sender as one string, which [`decode`](Self::decode) reads.
    ///
    /// A consumer is its key. A platform is a JSON array of name, client and deployment. A key with
    /// the syntax of such an array becomes an array with one item.
    pub fn encode(&self) -> String {
        match self {
            Self::Consumer(key) if items(key.as_str()).is_none() => key.as_str().to_owned(),
            Self::Consumer(key) => serde_json::json!([key.as_str()]).to_string(),
            Self::Platform { name, client_id, deployment_id } => {
                serde_json::json!([name.as_str(), client_id.as_str(), deployment_id.as_str()])
                    .to_string()
            }
        }
    }

    /// Reads a sender from [`encode`](Self::encode).
    pub fn decode(text: &str) -> Self {
        match items(text) {
            Some(Items::Consumer([key])) => Self::Consumer(key.into()),
            Some(Items::Platform([name, client_id, deployment_id])) => Self::Platform {
                name: name.into(),
                client_id: client_id.into(),
                deployment_id: deployment_id.into(),
            },
            None => Self::Consumer(text.into()),
        }
    }

    /// The name for the log: the consumer's key, or the platform's name.
    pub fn log_name(&self) -> &str {
        self.user_namespace()
    }

    /// The part that makes a user id unique: the consumer's key, or the platform's name. All
    /// clients of a platform share one set of users.
    pub fn user_namespace(&self) -> &str {
        match self {
            Self::Consumer(key) => key.as_str(),
            Self::Platform { name, .. } => name.as_str(),
        }
    }

    /// The deployment for upstreams: the consumer's key, or the platform's deployment id.
    pub fn deployment(&self) -> &str {
        match self {
            Self::Consumer(key) => key.as_str(),
            Self::Platform { deployment_id, .. } => deployment_id.as_str(),
        }
    }

    /// Every part of the sender, for a hash that puts the length before each part. Session ids and
    /// grade slots depend on it.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        let (first, others) = match self {
            Self::Consumer(key) => (key.as_str(), None),
            Self::Platform { name, client_id, deployment_id } => {
                (name.as_str(), Some([client_id.as_str(), deployment_id.as_str()]))
            }
        };
        std::iter::once(first).chain(others.into_iter().flatten())
    }
}

/// The JSON arrays that encode a sender.
enum Items {
    Consumer([String; 1]),
    Platform([String; 3]),
}

fn items(text: &str) -> Option<Items> {
    // An ordinary key is not parsed, to save time.
    if !text.starts_with('[') {
        return None;
    }
    let items: Vec<String> = serde_json::from_str(text).ok()?;
    match <[String; 1]>::try_from(items) {
        Ok(key) => Some(Items::Consumer(key)),
        Err(items) => <[String; 3]>::try_from(items).ok().map(Items::Platform),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(name: &str, client_id: &str, deployment_id: &str) -> Sender {
        Sender::Platform {
            name: name.into(),
            client_id: client_id.into(),
            deployment_id: deployment_id.into(),
        }
    }

    #[test]
    fn a_sender_survives_encoding() {
        let check = |sender: Sender, text: &str| {
            assert_eq!(sender.encode(), text);
            assert_eq!(Sender::decode(text), sender);
        };
        check(Sender::Consumer("course-a".into()), "course-a");
        check(Sender::Consumer("".into()), "");
        check(platform("moodle", "c-1", "2"), r#"["moodle","c-1","2"]"#);
        check(platform("moodle", "\"é", ""), r#"["moodle","\"é",""]"#);
        // These keys only start like an array.
        check(Sender::Consumer("[".into()), "[");
        check(Sender::Consumer(r#"["a","b"]"#.into()), r#"["a","b"]"#);
        check(Sender::Consumer(r#" ["a","b","c"]"#.into()), r#" ["a","b","c"]"#);
        check(Sender::Consumer(r#"["a","b",3]"#.into()), r#"["a","b",3]"#);
    }

    #[test]
    fn no_key_is_read_as_a_platform() {
        for key in [
            r#"["moodle","c-1","2"]"#,
            r#"["moodle"]"#,
            r#"["[\"moodle\"]"]"#,
            r#"[ "moodle" , "c-1","2"]"#,
            "[\"a\"]\n",
        ] {
            let sender = Sender::Consumer(key.into());
            assert_eq!(Sender::decode(&sender.encode()), sender, "{key}");
            assert_ne!(sender.encode(), key);
        }
    }

    #[test]
    fn a_consumer_has_one_part_and_a_platform_three() {
        let parts = |sender: &Sender| sender.parts().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parts(&Sender::Consumer("key".into())), ["key"]);
        assert_eq!(parts(&platform("n", "c", "d")), ["n", "c", "d"]);
    }

    #[test]
    fn the_namespace_of_users_is_the_platform_and_not_the_deployment() {
        assert_eq!(platform("n", "c", "d").user_namespace(), "n");
        assert_eq!(platform("n", "c", "d").deployment(), "d");
        assert_eq!(Sender::Consumer("key".into()).user_namespace(), "key");
        assert_eq!(Sender::Consumer("key".into()).deployment(), "key");
    }
}
