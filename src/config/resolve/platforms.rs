//! The platforms of LTI 1.3, and the tools that name them.

use std::collections::HashMap;
use std::sync::Arc;

use lti::jose::{Algorithm, Algorithms, RsaKey};
use lti::{ClientId, ConsumerKey, DeploymentId, Secret};

use super::resolved_platforms::{PlatformUse, ResolvedPlatform, ResolvedPlatforms};
use super::resolver::{Resolver, StringPurpose};
use super::tool::is_tool_name;
use crate::config::document::Part;
use crate::config::fault::{Fault, Severity};
use crate::config::file::{ClientTable, PlatformTable, ServicesTable, StringValue};
use crate::config::outcome_rules::OutcomeRules;
use crate::config::platform::{
    PRACTICE_PLATFORM, Platform, PlatformClient, PlatformKeys, WrittenPlatform,
};
use crate::config::platform_type::{PlatformType, PlatformUrls};
use crate::config::table::{Completeness, ValueSource, Written};
use crate::config::upstream_url::{self, UpstreamUrlError};
use crate::url::{Origin, Scheme, UrlParts, is_loopback};

/// The written URLs of one platform, all of them valid.
struct WrittenUrls {
    base: Option<String>,
    issuer: Option<String>,
    auth_url: Option<String>,
    services: Services,
}

/// The meaning of a [`ServicesTable`].
#[derive(Clone)]
struct Services {
    token_url: Option<String>,
    jwks_url: Option<Written<String>>,
    deployments: Option<Vec<DeploymentId>>,
}

/// One client as the file writes it.
struct WrittenClient {
    id: Written<String>,
    services: Services,
    /// How much of its own table was read. `None` if it has none.
    completeness: Option<Completeness>,
}

impl WrittenClient {
    /// Whether neither the client nor its platform has a value for this key, not even an invalid
    /// one.
    fn lacks(&self, key: &str, of_platform: &Completeness) -> bool {
        of_platform.lacks(key) && self.completeness.as_ref().is_none_or(|own| own.lacks(key))
    }
}

impl Resolver<'_> {
    /// All platforms. `outcomes` are the rules of the file, without the hosts of platforms.
    pub(super) fn platforms(
        &mut self,
        mut tables: Vec<PlatformTable>,
        outcomes: &OutcomeRules,
    ) -> ResolvedPlatforms {
        tables.sort_by_key(|table| table.name.source.position(self.document));
        let mut platforms = ResolvedPlatforms::default();
        // Issuer and client id, with the name of the table.
        let mut clients = HashMap::new();
        platforms.names = tables.iter().map(|table| table.name.value.clone()).collect();
        for table in tables {
            let source = table.name.source.clone();
            let lacks_client = table.completeness.lacks_all(&["client_id", "clients"]);
            self.former_keys(&table, &platforms.names);
            let platform = self.platform(table, outcomes, &mut clients, &mut platforms.hosts);
            platforms.valid.extend(platform.map(|platform| ResolvedPlatform {
                platform: Arc::new(platform),
                source,
                lacks_client,
            }));
        }
        platforms
    }

    /// Reports keys of `formerly` that are the name of a platform of the file: its users are
    /// `name:id`, too. Only a platform that keeps ids may have its own name, because both ids are
    /// that of the same user then.
    fn former_keys(&mut self, table: &PlatformTable, names: &[String]) {
        let own = &table.name.value;
        let kind = table.kind.as_ref().map(|kind| PlatformType::named(&kind.value));
        let may_keep_ids = match kind {
            Some(Some(kind)) => kind.keeps_ids(),
            // An unknown type is reported by itself.
            Some(None) => true,
            None => !table.completeness.lacks("type"),
        };
        for Written { value: key, source } in table.formerly.iter().flat_map(|list| &list.value) {
            if key != own && names.contains(key) {
                self.report(source, Fault::FormerlyOfPlatform(key.clone()));
            } else if key == own && !may_keep_ids {
                self.report(source, Fault::FormerlyOwnName(key.clone()));
            }
        }
    }

    fn platform(
        &mut self,
        table: PlatformTable,
        outcomes: &OutcomeRules,
        known: &mut HashMap<(String, String), String>,
        hosts: &mut Vec<String>,
    ) -> Option<Platform> {
        let before = self.problems.len();
        let Written { value: name, source } = table.name;
        if !is_tool_name(&name) {
            self.report(&source, Fault::PlatformName(name.clone()));
        } else if name == PRACTICE_PLATFORM {
            self.report(&source, Fault::PlatformPractice);
        }
        let kind = match &table.kind {
            None => None,
            Some(written) => PlatformType::named(&written.value).or_else(|| {
                self.report(&written.source, Fault::PlatformKind(written.value.clone()));
                None
            }),
        };
        let type_is_known = kind.is_some() || table.completeness.lacks("type");
        let urls = WrittenUrls {
            base: self.base_url(kind, type_is_known, table.url, outcomes, hosts),
            issuer: self.issuer(table.issuer),
            auth_url: self.service_url("auth_url", table.auth_url, outcomes, hosts),
            services: self.services(table.services, outcomes, hosts),
        };
        let clients =
            self.written_clients(table.client_id, table.clients, &urls.services, outcomes, hosts);
        let algorithms = self.algorithms(table.algorithms);
        let keys = self.private_keys(table.private_key);
        let audience = table.token_audience.map(|written| {
            self.not_empty("token_audience", &written);
            written.value
        });
        let formerly = table.formerly.into_iter().flat_map(|written| written.value);
        let formerly = formerly.map(|one| {
            self.not_empty("formerly", &one);
            ConsumerKey::from(one.value)
        });
        let formerly: Vec<_> = formerly.collect();
        // A value with a problem of its own is not missing.
        if self.has_error_since(before) || !type_is_known {
            return None;
        }
        let written = WrittenPlatform {
            url: urls.base.clone(),
            issuer: urls.issuer.clone(),
            auth_url: urls.auth_url.clone(),
            token_url: urls.services.token_url.clone(),
            jwks_url: urls.services.jwks_url.as_ref().map(|url| url.value.clone()),
            token_audience: audience.clone(),
            deployments: urls.services.deployments.clone(),
        };
        let (issuer, auth_url, clients) =
            self.complete(kind, urls, clients, audience.as_deref(), &table.completeness)?;
        for (client, source) in &clients {
            hosts.extend(
                [&client.jwks_url, &client.token_url].into_iter().filter_map(|url| host_of(url)),
            );
            let Some(issuer) = &issuer else { continue };
            let key = (issuer.clone(), client.id.as_str().to_owned());
            if let Some(other) = known.insert(key, name.clone()) {
                let other = (other != name).then_some(other);
                let fault = Fault::DuplicateClient(client.id.as_str().to_owned(), other);
                self.report(source, fault);
            }
        }
        (!self.has_error_since(before)).then(|| Platform {
            name: name.into(),
            kind,
            issuer,
            auth_url,
            clients: clients.into_iter().map(|(client, _)| client).collect(),
            algorithms,
            keys,
            formerly,
            anonymous: table.anonymous.is_some_and(|written| written.value),
            written,
        })
    }

    /// Whether one of the problems from this number on is an error.
    fn has_error_since(&self, before: usize) -> bool {
        self.problems[before..].iter().any(|problem| problem.severity() == Severity::Error)
    }

    /// Issuer, `auth_url` and the clients, with the URLs of the type. `None` if one is missing.
    #[allow(clippy::type_complexity, reason = "the values of one platform")]
    fn complete(
        &mut self,
        kind: Option<PlatformType>,
        urls: WrittenUrls,
        clients: Vec<WrittenClient>,
        audience: Option<&str>,
        completeness: &Completeness,
    ) -> Option<(Option<String>, Option<String>, Vec<(PlatformClient, ValueSource)>)> {
        let of_type = |jwks_url: Option<&str>, client: &str| match kind {
            Some(kind) => kind.urls(urls.base.as_deref(), jwks_url, client),
            None => PlatformUrls::default(),
        };
        let own_jwks_url = urls.services.jwks_url.as_ref().map(|url| url.value.as_str());
        let without_client = of_type(own_jwks_url, "");
        let mut issuer = urls.issuer.clone().or(without_client.issuer);
        let mut auth_url = urls.auth_url.clone().or(without_client.auth_url);
        let mut complete = Vec::with_capacity(clients.len());
        for client in clients {
            let source = &client.id.source;
            let jwks_url = client.services.jwks_url.as_ref();
            let preset = of_type(jwks_url.map(|url| url.value.as_str()), &client.id.value);
            if urls.issuer.is_none() && differ(issuer.as_ref(), preset.issuer.as_ref())
                || urls.auth_url.is_none() && differ(auth_url.as_ref(), preset.auth_url.as_ref())
            {
                self.report(source, Fault::SeveralIssuers);
                return None;
            }
            issuer = issuer.or(preset.issuer);
            auth_url = auth_url.or(preset.auth_url);
            let jwks_text = jwks_url.map(|url| url.value.clone()).or(preset.jwks_url);
            let token_url = client.services.token_url.clone().or(preset.token_url);
            let missing = [
                ("issuer", issuer.is_none()),
                ("auth_url", auth_url.is_none()),
                ("token_url", token_url.is_none()),
                ("jwks_url", jwks_text.is_none()),
            ];
            let missing: Vec<_> =
                missing.into_iter().filter(|(_, is)| *is).map(|(key, _)| key).collect();
            // The type knows the others from this one.
            let source_of_others = match kind {
                Some(PlatformType::Edx) => Some("jwks_url"),
                Some(kind) => kind.base_example().map(|_| "url"),
                None => None,
            };
            let is_written = |key: &&str| !client.lacks(key, completeness);
            // A value with a problem of its own is not missing.
            let unwritten: Vec<_> =
                missing.iter().copied().filter(|key| !is_written(key)).collect();
            let knows_source = match kind {
                Some(PlatformType::Edx) => jwks_url.is_some(),
                _ => urls.base.is_some(),
            };
            let has_other_problem =
                unwritten.is_empty() || !knows_source && source_of_others.iter().any(is_written);
            if !missing.is_empty() && has_other_problem {
                return None;
            }
            let fault = match (kind, jwks_url) {
                _ if missing.is_empty() => None,
                (Some(PlatformType::Edx), None) => Some(Fault::EdxKeyset),
                (Some(PlatformType::Edx), Some(url)) => {
                    self.report(&url.source, Fault::EdxKeysetUrl);
                    return None;
                }
                (Some(kind), _) if kind.base_example().is_some() && urls.base.is_none() => {
                    Some(Fault::ClientIncomplete(vec!["url"], Some(kind)))
                }
                (kind, _) => Some(Fault::ClientIncomplete(unwritten, kind)),
            };
            if let Some(fault) = fault {
                self.report(source, fault);
                return None;
            }
            let lacks_deployments =
                client.services.deployments.is_none() && client.lacks("deployments", completeness);
            if kind == Some(PlatformType::Blackboard) && lacks_deployments {
                self.report(source, Fault::BlackboardDeployments);
                return None;
            }
            let token_url = token_url?;
            let audience = audience.map(str::to_owned).or(preset.token_audience);
            let client = PlatformClient {
                id: ClientId::from(client.id.value),
                jwks_url: jwks_text?,
                token_audience: audience.unwrap_or_else(|| token_url.clone()),
                token_url,
                deployments: client.services.deployments,
            };
            complete.push((client, source.clone()));
        }
        Some((issuer, auth_url, complete))
    }

    /// The base URL, without a trailing slash.
    fn base_url(
        &mut self,
        kind: Option<PlatformType>,
        type_is_known: bool,
        written: Option<Written<String>>,
        outcomes: &OutcomeRules,
        hosts: &mut Vec<String>,
    ) -> Option<String> {
        let written = written?;
        if !type_is_known {
            return None;
        }
        let Some(kind) = kind else {
            self.report_at(&written.source, Part::Key, Fault::UrlWithoutType);
            return None;
        };
        if kind.base_example().is_none() {
            self.report_at(&written.source, Part::Key, Fault::UrlOfType(kind));
            return None;
        }
        let url = match upstream_url::parse(&written.value) {
            Ok(url) => url,
            Err(why) => {
                self.report(&written.source, Fault::PlatformUrl("url", why, Some(kind)));
                return None;
            }
        };
        if !kind.accepts(&url) {
            self.report(&written.source, Fault::PlatformBaseUrl(kind));
            return None;
        }
        self.require_https("url", &url.origin, &written.source, outcomes);
        hosts.push(url.origin.host().to_owned());
        Some(written.value.strip_suffix('/').unwrap_or(&written.value).to_owned())
    }

    /// The issuer as written. The gateway only compares it.
    fn issuer(&mut self, written: Option<Written<String>>) -> Option<String> {
        let written = written?;
        if let Err(why) = upstream_url::parse(&written.value) {
            self.report(&written.source, Fault::PlatformUrl("issuer", why, None));
        }
        Some(written.value)
    }

    fn service_url(
        &mut self,
        key: &'static str,
        written: Option<Written<String>>,
        outcomes: &OutcomeRules,
        hosts: &mut Vec<String>,
    ) -> Option<String> {
        let written = written?;
        match parse_service_url(&written.value) {
            Ok(origin) => {
                self.require_https(key, &origin, &written.source, outcomes);
                hosts.push(origin.host().to_owned());
                Some(written.value)
            }
            Err(why) => {
                self.report(&written.source, Fault::PlatformUrl(key, why, None));
                None
            }
        }
    }

    /// Reports an http URL, unless it is on loopback in development or at a host that
    /// `outcome_hosts` lists by name.
    fn require_https(
        &mut self,
        key: &'static str,
        origin: &Origin,
        source: &ValueSource,
        outcomes: &OutcomeRules,
    ) {
        let host = origin.host();
        let is_allowed = origin.scheme == Scheme::Https
            || self.development && is_loopback(host)
            || outcomes.names(host);
        if !is_allowed {
            self.report(source, Fault::PlatformHttp(key));
        }
    }

    fn services(
        &mut self,
        table: ServicesTable,
        outcomes: &OutcomeRules,
        hosts: &mut Vec<String>,
    ) -> Services {
        let token_url = self.service_url("token_url", table.token_url, outcomes, hosts);
        let source = table.jwks_url.as_ref().map(|written| written.source.clone());
        let jwks_url = self.service_url("jwks_url", table.jwks_url, outcomes, hosts);
        let deployments = table.deployments.map(|written| {
            let ids = written.value.into_iter().map(|one| {
                self.not_empty("deployments", &one);
                DeploymentId::from(one.value)
            });
            ids.collect()
        });
        let jwks_url = jwks_url.zip(source).map(|(value, source)| Written { value, source });
        Services { token_url, jwks_url, deployments }
    }

    /// All clients. Each has the services of the platform, unless it has its own.
    fn written_clients(
        &mut self,
        ids: Option<Written<Vec<Written<String>>>>,
        tables: Option<Written<Vec<Written<ClientTable>>>>,
        of_platform: &Services,
        outcomes: &OutcomeRules,
        hosts: &mut Vec<String>,
    ) -> Vec<WrittenClient> {
        let mut clients = Vec::new();
        if let (Some(ids), Some(_)) = (&ids, &tables) {
            self.report_at(&ids.source, Part::Key, Fault::ClientIdAndClients);
        }
        for id in ids.into_iter().flat_map(|ids| ids.value) {
            self.not_empty("client_id", &id);
            clients.push(WrittenClient { id, services: of_platform.clone(), completeness: None });
        }
        for Written { value: table, source } in tables.into_iter().flat_map(|list| list.value) {
            let own = self.services(table.services, outcomes, hosts);
            let Some(id) = table.client_id else {
                if table.completeness.lacks("client_id") {
                    self.report(&source, Fault::Missing("client_id"));
                }
                continue;
            };
            self.not_empty("client_id", &id);
            let services = Services {
                token_url: own.token_url.or_else(|| of_platform.token_url.clone()),
                jwks_url: own.jwks_url.or_else(|| of_platform.jwks_url.clone()),
                deployments: own.deployments.or_else(|| of_platform.deployments.clone()),
            };
            clients.push(WrittenClient { id, services, completeness: Some(table.completeness) });
        }
        clients
    }

    fn algorithms(&mut self, written: Option<Written<Vec<Written<String>>>>) -> Algorithms {
        let Some(written) = written else { return Algorithms::default() };
        let mut algorithms = Vec::new();
        for one in written.value {
            match Algorithm::named(&one.value) {
                Some(algorithm) => algorithms.push(algorithm),
                None => self.report(&one.source, Fault::Algorithm(one.value)),
            }
        }
        Algorithms::new(algorithms)
    }

    fn private_keys(
        &mut self,
        written: Option<Written<Vec<Written<StringValue>>>>,
    ) -> PlatformKeys {
        let Some(written) = written else { return PlatformKeys::Derived };
        let mut keys = Vec::new();
        for one in &written.value {
            if let Some(variable) = self.unset_in_development(&one.value) {
                self.report(&one.source, Fault::PrivateKeyUnset(variable));
                continue;
            }
            let Some(pem) = self.string(one, StringPurpose::Secret).map(Secret::new) else {
                continue;
            };
            if let Err(why) = RsaKey::from_pem(&pem) {
                self.report(&one.source, Fault::PrivateKey(why));
            }
            self.secrets.push(pem.clone());
            keys.push(pem);
        }
        if keys.is_empty() { PlatformKeys::Derived } else { PlatformKeys::Pem(keys) }
    }

    /// The platforms that a tool names.
    pub(super) fn platforms_of_tool(
        &mut self,
        written: Option<Written<Vec<Written<String>>>>,
        consumer_keys: &[ConsumerKey],
        platforms: &ResolvedPlatforms,
    ) -> Vec<Arc<Platform>> {
        let mut named: Vec<Arc<Platform>> = Vec::new();
        for Written { value: name, source } in written.into_iter().flat_map(|list| list.value) {
            if !platforms.names.contains(&name) {
                self.report(&source, Fault::UnknownPlatform(name, platforms.names.clone()));
                continue;
            }
            self.platform_uses.push(PlatformUse {
                platform: name.clone(),
                consumer_keys: consumer_keys.to_vec(),
            });
            let Some(platform) = platforms.get(&name) else { continue };
            let is_name = |key: &ConsumerKey| key.as_str() == name;
            if consumer_keys.iter().any(is_name) && !platform.formerly.iter().any(is_name) {
                self.report(&source, Fault::PlatformIsConsumer(name, platform.kind));
            }
            if !named.iter().any(|other| other.name == platform.name) {
                named.push(Arc::clone(platform));
            }
        }
        named
    }

    /// Warns about platforms that launch nothing, and about consumer keys that no tool has.
    pub(super) fn unused_platforms(&mut self, platforms: &ResolvedPlatforms) {
        if !self.document.problems.is_empty() {
            // A malformed table may name a platform.
            return;
        }
        let uses = std::mem::take(&mut self.platform_uses);
        for ResolvedPlatform { platform, source, lacks_client } in &platforms.valid {
            let name = platform.name.as_str();
            let of_platform = || uses.iter().filter(|one| one.platform == name);
            if of_platform().next().is_none() {
                self.report(source, Fault::PlatformUnused(name.to_owned()));
            }
            if *lacks_client {
                self.report(source, Fault::PlatformSetUp(name.to_owned()));
            }
            if platform.kind == Some(PlatformType::Edx) && !platform.formerly.is_empty() {
                self.report(source, Fault::FormerlyOfEdx(name.to_owned()));
            }
            for key in &platform.formerly {
                if !of_platform().any(|one| one.consumer_keys.contains(key)) {
                    let fault = Fault::FormerlyUnknown(name.to_owned(), key.as_str().to_owned());
                    self.report(source, fault);
                }
            }
        }
    }
}

/// Parses the URL of a service, which may have a query.
fn parse_service_url(text: &str) -> Result<Origin, UpstreamUrlError> {
    let (before, query) = text.split_once('?').unwrap_or((text, ""));
    let url = upstream_url::parse(before)?;
    let is_allowed = |character: char| character.is_ascii_graphic() && character != '#';
    if !query.chars().all(is_allowed) || UrlParts::parse(text).is_none() {
        return Err(UpstreamUrlError::Character);
    }
    Ok(url.origin)
}

/// Whether two URLs are known and differ.
fn differ(one: Option<&String>, other: Option<&String>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

fn host_of(url: &str) -> Option<String> {
    UrlParts::split(url).map(|url| url.host().to_owned())
}
