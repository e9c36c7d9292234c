//! The written form of a tools file: its tables and keys.

use figment::value::{Dict, Value};

use super::document::{Document, FileValues, Part};
use super::environment::Environment;
use super::fault::Fault;
use super::problem::Problem;
use super::table::{Completeness, Reader, Table, Written};

/// A whole file.
pub(super) struct ToolsFile {
    pub(super) gateway: GatewayTable,
    pub(super) tools: Vec<ToolTable>,
    /// Whether the file contains no tool, not even an invalid one.
    pub(super) is_empty: bool,
    /// The problems of the written form.
    pub(super) problems: Vec<Problem>,
}

/// `[gateway]`.
#[derive(Default)]
pub(super) struct GatewayTable {
    pub(super) public_url: Option<Written<StringValue>>,
    pub(super) secret: Option<Vec<Written<StringValue>>>,
    pub(super) session: Option<Written<String>>,
    pub(super) clock_skew: Option<Written<String>>,
    pub(super) state: Option<Written<StringValue>>,
    pub(super) outcome_hosts: Option<Written<Vec<Written<String>>>>,
    pub(super) outcome_url_rewrite: Option<RewriteTable>,
    pub(super) name: Option<Written<String>>,
    pub(super) contact: Option<Written<String>>,
    pub(super) dev_host: Option<Written<String>>,
    pub(super) completeness: Completeness,
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
    pub(super) command: CommandTable,
    pub(super) site: Option<Written<String>>,
    pub(super) session: Option<Written<String>>,
    /// `key`, `secret` and `signature_methods` of the tool itself.
    pub(super) consumer: ConsumerTable,
    pub(super) consumers: Option<Vec<Written<ConsumerTable>>>,
    pub(super) roles: Option<Written<Vec<Written<String>>>>,
    pub(super) params: Option<Written<Dict>>,
    pub(super) frame_ancestors: Option<Written<Vec<Written<String>>>>,
    pub(super) completeness: Completeness,
}

/// The keys of a tool's table that require `upstream` or `command`. A site has some of them.
pub(super) struct UpstreamTable {
    pub(super) url: Option<Written<String>>,
    pub(super) prefix: Option<Written<String>>,
    pub(super) open: Option<Written<String>>,
    pub(super) downloads: Option<Written<bool>>,
    pub(super) identity: Option<Written<Vec<Written<String>>>>,
    pub(super) headers: Option<Written<ValuesTable>>,
    pub(super) timeout: Option<Written<String>>,
    pub(super) grades: Option<Written<bool>>,
    pub(super) pass_host_header: Option<Written<bool>>,
}

/// `command`, and the keys of a tool's table that require it.
pub(super) struct CommandTable {
    /// The program and its arguments.
    pub(super) command: Option<Written<Vec<Written<String>>>>,
    pub(super) directory: Option<Written<String>>,
    pub(super) environment: Option<Written<ValuesTable>>,
    pub(super) idle: Option<Written<String>>,
}

/// Prefixes of outcome URLs, and their replacements.
pub(super) type RewriteTable = Vec<(String, Written<String>)>;

/// Names and values of headers or environment variables.
pub(super) type ValuesTable = Vec<(String, Written<StringValue>)>;

/// One table in `consumers`, or the same keys in the tool's own table.
pub(super) struct ConsumerTable {
    pub(super) key: Option<Written<String>>,
    pub(super) secret: Option<Written<Vec<Written<StringValue>>>>,
    pub(super) signature_methods: Option<Written<Vec<Written<String>>>>,
    pub(super) completeness: Completeness,
}

/// A string, or the name of the environment variable that holds it.
pub(super) enum StringValue {
    Literal(String),
    Variable(String),
}

/// Reads a file. The environment overrides its `[gateway]`.
pub(super) fn read(
    document: &Document<'_>,
    mut values: FileValues,
    environment: &Environment,
) -> ToolsFile {
    let tools = values.take_tools();
    let reader = Reader::new(document, &values, environment);
    let (mut gateway, tools, is_empty) = {
        let mut top = reader.top(tools);
        let gateway = top.table("gateway").map(read_gateway);
        let tools = top.table("tools");
        let defines_no_tool = tools.as_ref().is_none_or(Table::is_empty);
        let completeness = top.finish("at the top level");
        let gateway = gateway.unwrap_or_else(|| GatewayTable {
            completeness: if completeness.lacks("gateway") && !document.may_lack(&["gateway"]) {
                Completeness::default()
            } else {
                Completeness::unknown()
            },
            ..GatewayTable::default()
        });
        let is_empty =
            defines_no_tool && completeness.lacks("tools") && !document.may_lack(&["tools"]);
        let mut tables = Vec::with_capacity(tools.as_ref().map_or(0, Table::len));
        let tools = tools.map(Table::without_loose_keys);
        for (name, table) in tools.into_iter().flat_map(Table::into_tables) {
            tables.extend(read_tool(name, table));
        }
        (gateway, tables, is_empty)
    };
    let misplaced = reader.misplaced();
    if misplaced.of_gateway {
        gateway.completeness = Completeness::unknown();
    }
    let is_empty = is_empty && !misplaced.of_a_tool;
    ToolsFile { gateway, tools, is_empty, problems: reader.into_problems() }
}

fn read_gateway(mut table: Table<'_>) -> GatewayTable {
    let mut gateway = GatewayTable {
        public_url: table
            .value("public_url")
            .and_then(|written| string_value(&table, "public_url", written)),
        secret: secrets_of(&mut table).map(|secret| secret.value),
        session: table.string("session"),
        clock_skew: table.string("clock_skew"),
        state: table.value("state").and_then(|written| string_value(&table, "state", written)),
        outcome_hosts: table.strings("outcome_hosts"),
        outcome_url_rewrite: read_rewrites(&mut table),
        name: table.string("name"),
        contact: table.string("contact"),
        dev_host: table.string("dev_host"),
        completeness: Completeness::default(),
    };
    gateway.completeness = table.finish("in [gateway]");
    gateway
}

fn read_rewrites(table: &mut Table<'_>) -> Option<RewriteTable> {
    let reader = table.reader();
    let mut rewrites = Vec::new();
    for (prefix, Written { value, source }) in table.table("outcome_url_rewrite")?.into_values() {
        match value {
            Value::String(_, value) => {
                if reader.accepts("outcome_url_rewrite", &value, &source) {
                    rewrites.push((prefix, Written { value, source }));
                }
            }
            value => {
                reader.mismatch(
                    "outcome_url_rewrite",
                    "a string in quotes",
                    &Written { value, source },
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
        title: table.string("title").map(|title| title.value),
        description: table.string("description").map(|description| description.value),
        icon: table.string("icon"),
        host: table.string("host"),
        path: table.string("path"),
        template: table.string("template"),
        upstream: read_upstream(&mut table),
        command: read_command(&mut table),
        site: table.string("site"),
        session: table.string("session"),
        consumer: read_consumer(&mut table),
        consumers: read_consumers(&mut table, &name.value),
        roles: table.strings("roles"),
        params: table.get("params", "a table"),
        frame_ancestors: table.strings("frame_ancestors"),
        completeness: Completeness::default(),
        name,
    };
    let nested = table.nested_tables();
    if !nested.is_empty() {
        for table in nested {
            let name = format!("{}.{}", tool.name.value, table.value);
            reader.report(&table.source, Part::Value, Fault::ToolName(name));
        }
        return None;
    }
    tool.completeness = table.finish(&heading);
    tool.consumer.completeness = tool.completeness.clone();
    Some(tool)
}

fn read_upstream(table: &mut Table<'_>) -> UpstreamTable {
    UpstreamTable {
        url: table.string("upstream"),
        prefix: table.string("prefix"),
        open: table.string("open"),
        downloads: table.get("downloads", "`true` or `false`"),
        identity: table.strings_or_none("identity"),
        headers: read_values(table, "headers"),
        timeout: table.string("timeout"),
        grades: table.get("grades", "`true` or `false`"),
        pass_host_header: table.get("pass_host_header", "`true` or `false`"),
    }
}

fn read_command(table: &mut Table<'_>) -> CommandTable {
    CommandTable {
        command: read_arguments(table),
        directory: table.string("directory"),
        environment: read_values(table, "environment"),
        idle: table.string("idle"),
    }
}

/// A list of strings. A single string is not the same as a list of it: a shell would split it.
fn read_arguments(table: &mut Table<'_>) -> Option<Written<Vec<Written<String>>>> {
    let reader = table.reader();
    let written = table.value("command")?;
    let source = written.source.clone();
    let items = match written.value {
        Value::Array(_, items) => items,
        Value::String(..) => {
            reader.report(&source, Part::Value, Fault::CommandString);
            return None;
        }
        _ => {
            reader.mismatch("command", "a list of strings", &written);
            return None;
        }
    };
    let mut arguments = Vec::new();
    for item in table.items("command", items, source.clone()).value {
        match item.value {
            Value::String(_, value) => arguments.push(Written { value, source: item.source }),
            _ => reader.mismatch("command", "a string in quotes", &item),
        }
    }
    Some(Written { value: arguments, source })
}

/// A table with a string or `{ env = "…" }` for each name.
fn read_values(table: &mut Table<'_>, key: &'static str) -> Option<Written<ValuesTable>> {
    let values = table.table(key)?;
    let source = values.source().clone();
    let mut named = Vec::new();
    for (name, value) in values.into_values() {
        if let Some(text) = string_value(table, key, value) {
            named.push((name, text));
        }
    }
    Some(Written { value: named, source })
}

fn read_consumers(table: &mut Table<'_>, tool: &str) -> Option<Vec<Written<ConsumerTable>>> {
    let reader = table.reader();
    let list = table.list("consumers", "a list of tables")?;
    let mut consumers = Vec::new();
    for item in list.value {
        let source = item.source.clone();
        if let Some(mut table) = reader.table(item, "consumers") {
            let consumer = read_consumer(&mut table);
            let completeness = table.finish(&format!("among the consumers of [tools.{tool}]"));
            consumers.push(Written { value: ConsumerTable { completeness, ..consumer }, source });
        }
    }
    Some(consumers)
}

fn read_consumer(table: &mut Table<'_>) -> ConsumerTable {
    ConsumerTable {
        key: table.string("key"),
        secret: secrets_of(table),
        signature_methods: table.strings("signature_methods"),
        completeness: Completeness::default(),
    }
}

/// `secret`: a string, a variable, or a list of them.
fn secrets_of(table: &mut Table<'_>) -> Option<Written<Vec<Written<StringValue>>>> {
    let written = table.value("secret")?;
    let source = written.source.clone();
    let is_list = matches!(written.value, Value::Array(..));
    let items = match written.value {
        Value::Array(_, items) => table.items("secret", items, source.clone()).value,
        value => vec![Written { value, source: source.clone() }],
    };
    let mut secrets = Vec::new();
    for item in items {
        match item.value {
            Value::String(..) | Value::Dict(..) => {
                secrets.extend(string_value(table, "secret", item))
            }
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
    Some(Written { value: secrets, source })
}

/// A string or `{ env = "…" }`.
fn string_value(
    table: &Table<'_>,
    key: &'static str,
    written: Written<Value>,
) -> Option<Written<StringValue>> {
    let reader = table.reader();
    let source = written.source.clone();
    let text = match &written.value {
        Value::String(_, text) => {
            reader.accepts(key, text, &source).then(|| StringValue::Literal(text.clone()))
        }
        Value::Dict(..) => {
            let mut variable = reader.table(written, key)?;
            if variable.is_empty() {
                reader.report(&source, Part::Value, Fault::Missing("env"));
            }
            let name = variable.string("env");
            variable.finish(&format!("in `{key}`"));
            name.map(|name| StringValue::Variable(name.value))
        }
        _ => {
            reader.mismatch(key, "a string or `{ env = \"…\" }`", &written);
            None
        }
    };
    Some(Written { value: text?, source })
}
