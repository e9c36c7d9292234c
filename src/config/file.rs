//! The written form of a tools file: its tables and keys.

use figment::value::{Dict, Value};

use super::document::{Document, Part};
use super::environment::Environment;
use super::fault::Fault;
use super::problem::Problem;
use super::table::{Reader, Soundness, Table, Written};

/// A whole file.
pub(super) struct ToolsFile {
    pub(super) gateway: GatewayTable,
    pub(super) tools: Vec<ToolTable>,
    /// Whether not even the attempt of a tool is written.
    pub(super) is_empty: bool,
    /// What was wrong already.
    pub(super) problems: Vec<Problem>,
}

/// `[gateway]`.
#[derive(Default)]
pub(super) struct GatewayTable {
    pub(super) public_url: Option<Written<Text>>,
    pub(super) secret: Option<Vec<Written<Text>>>,
    pub(super) session: Option<Written<String>>,
    pub(super) clock_skew: Option<Written<String>>,
    pub(super) state: Option<Written<Text>>,
    pub(super) outcome_hosts: Option<Written<Vec<Written<String>>>>,
    pub(super) outcome_url_rewrite: Option<RewriteTable>,
    pub(super) soundness: Soundness,
}

/// `[tools.<name>]`.
pub(super) struct ToolTable {
    pub(super) name: Written<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) icon: Option<Written<String>>,
    pub(super) host: Option<Written<String>>,
    pub(super) path: Option<Written<String>>,
    pub(super) template: Option<Written<String>>,
    pub(super) upstream: UpstreamTable,
    pub(super) session: Option<Written<String>>,
    /// `key`, `secret` and `signature_methods` of the tool itself.
    pub(super) consumer: ConsumerTable,
    pub(super) consumers: Option<Vec<Written<ConsumerTable>>>,
    pub(super) roles: Option<Written<Vec<Written<String>>>>,
    pub(super) params: Option<Written<Dict>>,
    pub(super) frame_ancestors: Option<Written<Vec<Written<String>>>>,
    pub(super) soundness: Soundness,
}

/// What concerns a web app, of a tool's own table.
pub(super) struct UpstreamTable {
    pub(super) url: Option<Written<String>>,
    pub(super) prefix: Option<Written<String>>,
    pub(super) identity: Option<Written<Vec<Written<String>>>>,
    pub(super) headers: Option<Written<HeadersTable>>,
    pub(super) timeout: Option<Written<String>>,
    pub(super) grades: Option<Written<bool>>,
}

/// Beginnings of outcome URLs, and what takes their place.
pub(super) type RewriteTable = Vec<(String, Written<String>)>;

/// Names of headers and their values.
pub(super) type HeadersTable = Vec<(String, Written<Text>)>;

/// One of `consumers`, or what stands for it in the tool's own table.
pub(super) struct ConsumerTable {
    pub(super) key: Option<Written<String>>,
    pub(super) secret: Option<Written<Vec<Written<Text>>>>,
    pub(super) signature_methods: Option<Written<Vec<Written<String>>>>,
    pub(super) soundness: Soundness,
}

/// Text, or the environment variable that holds it.
pub(super) enum Text {
    Literal(String),
    Variable(String),
}

/// Reads a file and, over its `[gateway]`, the environment.
pub(super) fn read(document: &Document<'_>, environment: &Environment) -> ToolsFile {
    let reader = Reader::new(document, environment);
    let (gateway, tools, is_empty) = {
        let mut top = reader.top();
        let gateway = top.table("gateway").map(read_gateway);
        let tools = top.table("tools");
        let none_written = tools.as_ref().is_none_or(Table::is_empty);
        let soundness = top.finish("at the top level");
        let gateway = gateway.unwrap_or_else(|| GatewayTable {
            soundness: if soundness.lacks("gateway") && !document.may_lack(&["gateway"]) {
                Soundness::default()
            } else {
                Soundness::unknown()
            },
            ..GatewayTable::default()
        });
        let is_empty = none_written && soundness.lacks("tools") && !document.may_lack(&["tools"]);
        let tools = tools.map(Table::into_tables).unwrap_or_default();
        let tools = tools.into_iter().filter_map(|(name, table)| read_tool(name, table)).collect();
        (gateway, tools, is_empty)
    };
    ToolsFile { gateway, tools, is_empty, problems: reader.into_problems() }
}

fn read_gateway(mut table: Table<'_>) -> GatewayTable {
    let mut gateway = GatewayTable {
        public_url: table
            .value("public_url")
            .and_then(|written| text_of(&table, "public_url", written)),
        secret: secrets_of(&mut table).map(|secret| secret.value),
        session: table.text("session"),
        clock_skew: table.text("clock_skew"),
        state: table.value("state").and_then(|written| text_of(&table, "state", written)),
        outcome_hosts: table.texts("outcome_hosts"),
        outcome_url_rewrite: read_rewrites(&mut table),
        soundness: Soundness::default(),
    };
    gateway.soundness = table.finish("in [gateway]");
    gateway
}

fn read_rewrites(table: &mut Table<'_>) -> Option<RewriteTable> {
    let reader = table.reader();
    let mut rewrites = Vec::new();
    for (prefix, Written { value, place }) in table.table("outcome_url_rewrite")?.into_values() {
        match value {
            Value::String(_, value) => rewrites.push((prefix, Written { value, place })),
            value => {
                reader.mismatch(
                    "outcome_url_rewrite",
                    "a string in quotes",
                    &Written { value, place },
                );
            }
        }
    }
    Some(rewrites)
}

fn read_tool(name: Written<String>, mut table: Table<'_>) -> Option<ToolTable> {
    let reader = table.reader();
    let heading = format!("in [tools.{}]", name.value);
    let mut tool = ToolTable {
        title: table.text("title").map(|title| title.value),
        description: table.text("description").map(|description| description.value),
        icon: table.text("icon"),
        host: table.text("host"),
        path: table.text("path"),
        template: table.text("template"),
        upstream: read_upstream(&mut table),
        session: table.text("session"),
        consumer: read_consumer(&mut table),
        consumers: read_consumers(&mut table, &name.value),
        roles: table.texts("roles"),
        params: table.get("params", "a table"),
        frame_ancestors: table.texts("frame_ancestors"),
        soundness: Soundness::default(),
        name,
    };
    let nested = table.mere_tables();
    if !nested.is_empty() {
        for table in nested {
            let name = format!("{}.{}", tool.name.value, table.value);
            reader.report(&table.place, Part::Value, Fault::ToolName(name));
        }
        return None;
    }
    tool.soundness = table.finish(&heading);
    tool.consumer.soundness = tool.soundness.clone();
    Some(tool)
}

fn read_upstream(table: &mut Table<'_>) -> UpstreamTable {
    UpstreamTable {
        url: table.text("upstream"),
        prefix: table.text("prefix"),
        identity: table.texts_or_none("identity"),
        headers: read_headers(table),
        timeout: table.text("timeout"),
        grades: table.get("grades", "`true` or `false`"),
    }
}

fn read_headers(table: &mut Table<'_>) -> Option<Written<HeadersTable>> {
    let headers = table.table("headers")?;
    let place = headers.place().clone();
    let mut named = Vec::new();
    for (name, value) in headers.into_values() {
        if let Some(text) = text_of(table, "headers", value) {
            named.push((name, text));
        }
    }
    Some(Written { value: named, place })
}

fn read_consumers(table: &mut Table<'_>, tool: &str) -> Option<Vec<Written<ConsumerTable>>> {
    let reader = table.reader();
    let list = table.list("consumers", "a list of tables")?;
    let mut consumers = Vec::new();
    for item in list.value {
        let place = item.place.clone();
        if let Some(mut table) = reader.table(item, "consumers") {
            let consumer = read_consumer(&mut table);
            let soundness = table.finish(&format!("among the consumers of [tools.{tool}]"));
            consumers.push(Written { value: ConsumerTable { soundness, ..consumer }, place });
        }
    }
    Some(consumers)
}

fn read_consumer(table: &mut Table<'_>) -> ConsumerTable {
    ConsumerTable {
        key: table.text("key"),
        secret: secrets_of(table),
        signature_methods: table.texts("signature_methods"),
        soundness: Soundness::default(),
    }
}

/// `secret`: text, a variable, or a list of them.
fn secrets_of(table: &mut Table<'_>) -> Option<Written<Vec<Written<Text>>>> {
    let written = table.value("secret")?;
    let place = written.place.clone();
    let is_list = matches!(written.value, Value::Array(..));
    let items = match written.value {
        Value::Array(_, items) => table.items("secret", items, place.clone()).value,
        value => vec![Written { value, place: place.clone() }],
    };
    let mut secrets = Vec::new();
    for item in items {
        match item.value {
            Value::String(..) | Value::Dict(..) => secrets.extend(text_of(table, "secret", item)),
            _ if is_list => {
                table.reader().mismatch("secret", "a string or `{ env = \"…\" }`", &item)
            }
            _ => table.reader().mismatch(
                "secret",
                "a string, `{ env = \"…\" }` or a list of these",
                &item,
            ),
        }
    }
    Some(Written { value: secrets, place })
}

/// Text or `{ env = "…" }`.
fn text_of(table: &Table<'_>, key: &'static str, written: Written<Value>) -> Option<Written<Text>> {
    let reader = table.reader();
    let place = written.place.clone();
    let text = match &written.value {
        Value::String(_, text) => Some(Text::Literal(text.clone())),
        Value::Dict(..) => {
            let mut variable = reader.table(written, key)?;
            if variable.is_empty() {
                reader.report(&place, Part::Value, Fault::Missing("env"));
            }
            let name = variable.text("env");
            variable.finish(&format!("in `{key}`"));
            name.map(|name| Text::Variable(name.value))
        }
        _ => {
            reader.mismatch(key, "a string or `{ env = \"…\" }`", &written);
            None
        }
    };
    Some(Written { value: text?, place })
}
