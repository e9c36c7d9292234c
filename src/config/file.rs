//! The written form of a tools file: its tables and keys.

use figment::value::{Dict, Value};

use super::document::{Document, FileValues, Part};
use super::environment::Environment;
use super::fault::Fault;
use super::problem::Problem;
use super::table::{Completeness, Reader, Table, Written};

/// `platforms` of the file, in messages about its type.
const PLATFORMS: &str = "[platforms]";

/// A whole file.
pub(super) struct ToolsFile {
    pub(super) gateway: GatewayTable,
    pub(super) platforms: Vec<PlatformTable>,
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

/// `[platforms.<name>]`.
pub(super) struct PlatformTable {
    pub(super) name: Written<String>,
    pub(super) kind: Option<Written<String>>,
    pub(super) url: Option<Written<String>>,
    pub(super) client_id: Option<Written<Vec<Written<String>>>>,
    pub(super) clients: Option<Written<Vec<Written<ClientTable>>>>,
    pub(super) issuer: Option<Written<String>>,
    pub(super) auth_url: Option<Written<String>>,
    pub(super) services: ServicesTable,
    pub(super) algorithms: Option<Written<Vec<Written<String>>>>,
    pub(super) token_audience: Option<Written<String>>,
    pub(super) private_key: Option<Written<Vec<Written<StringValue>>>>,
    pub(super) formerly: Option<Written<Vec<Written<String>>>>,
    pub(super) anonymous: Option<Written<bool>>,
    pub(super) completeness: Completeness,
}

/// One table in `clients`.
pub(super) struct ClientTable {
    pub(super) client_id: Option<Written<String>>,
    pub(super) services: ServicesTable,
    pub(super) completeness: Completeness,
}

/// The keys that a platform and each of its clients may have.
pub(super) struct ServicesTable {
    pub(super) token_url: Option<Written<String>>,
    pub(super) jwks_url: Option<Written<String>>,
    pub(super) deployments: Option<Written<Vec<Written<String>>>>,
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
    pub(super) platforms: Option<Written<Vec<Written<String>>>>,
    pub(super) roles: Option<Written<Vec<Written<String>>>>,
    pub(super) params: Option<Written<Dict>>,
    pub(super) links: Option<Written<Vec<Written<LinkTable>>>>,
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
    pub(super) grades: Option<Written<GradesValue>>,
    pub(super) grade_lifetime: Option<Written<String>>,
    pub(super) line_item: Option<Written<LineItemTable>>,
    pub(super) members: Option<Written<Vec<Written<String>>>>,
    pub(super) picker: Option<Written<String>>,
    pub(super) pass_host_header: Option<Written<bool>>,
}

/// The value of `grades`.
pub(super) enum GradesValue {
    Boolean(bool),
    Word(String),
}

/// One table in `links`.
pub(super) struct LinkTable {
    pub(super) title: Option<Written<String>>,
    pub(super) description: Option<Written<String>>,
    pub(super) path: Option<Written<String>>,
    pub(super) custom: CustomTable,
    pub(super) points: Option<Written<f64>>,
    pub(super) completeness: Completeness,
}

/// Names and values of custom parameters.
pub(super) type CustomTable = Vec<(String, Written<String>)>;

/// `line_item`.
pub(super) struct LineItemTable {
    pub(super) label: Option<Written<String>>,
    pub(super) points: Option<Written<f64>>,
    pub(super) completeness: Completeness,
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
    let (mut gateway, platforms, tools, is_empty) = {
        let mut top = reader.top(tools);
        let gateway = top.table("gateway").map(read_gateway);
        // A tool has a key of this name, with other examples.
        let platforms = top.value("platforms").and_then(|written| reader.table(written, PLATFORMS));
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
        for (name, table) in tools.into_iter().flat_map(|table| table.into_tables("tools")) {
            tables.extend(read_tool(name, table));
        }
        let mut platform_tables = Vec::with_capacity(platforms.as_ref().map_or(0, Table::len));
        for (name, table) in platforms.into_iter().flat_map(|table| table.into_tables("platforms"))
        {
            platform_tables.push(read_platform(name, table));
        }
        (gateway, platform_tables, tables, is_empty)
    };
    let misplaced = reader.misplaced();
    if misplaced.of_gateway {
        gateway.completeness = Completeness::unknown();
    }
    let is_empty = is_empty && !misplaced.of_a_tool;
    ToolsFile { gateway, platforms, tools, is_empty, problems: reader.into_problems() }
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
        upstream: read_upstream(&mut table, &name.value),
        command: read_command(&mut table),
        site: table.string("site"),
        session: table.string("session"),
        consumer: read_consumer(&mut table),
        consumers: read_consumers(&mut table, &name.value),
        platforms: table.strings("platforms"),
        roles: table.strings("roles"),
        params: table.get("params", "a table"),
        links: read_links(&mut table, &name.value),
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

fn read_platform(name: Written<String>, mut table: Table<'_>) -> PlatformTable {
    let mut platform = PlatformTable {
        kind: table.string("type"),
        url: table.string("url"),
        client_id: table.strings("client_id"),
        clients: read_clients(&mut table, &name.value),
        issuer: table.string("issuer"),
        auth_url: table.string("auth_url"),
        services: read_services(&mut table),
        algorithms: table.strings("algorithms"),
        token_audience: table.string("token_audience"),
        private_key: read_private_keys(&mut table),
        formerly: table.strings("formerly"),
        anonymous: table.get("anonymous", "`true` or `false`"),
        completeness: Completeness::default(),
        name,
    };
    platform.completeness = table.finish(&format!("in [platforms.{}]", platform.name.value));
    platform
}

fn read_clients(
    table: &mut Table<'_>,
    platform: &str,
) -> Option<Written<Vec<Written<ClientTable>>>> {
    let reader = table.reader();
    let list = table.list("clients", "a list of tables")?;
    let mut clients = Vec::new();
    for item in list.value {
        let source = item.source.clone();
        if let Some(mut table) = reader.table(item, "clients") {
            let mut client = ClientTable {
                client_id: table.string("client_id"),
                services: read_services(&mut table),
                completeness: Completeness::default(),
            };
            let heading = format!("among the clients of [platforms.{platform}]");
            client.completeness = table.finish(&heading);
            clients.push(Written { value: client, source });
        }
    }
    Some(Written { value: clients, source: list.source })
}

fn read_services(table: &mut Table<'_>) -> ServicesTable {
    ServicesTable {
        token_url: table.string("token_url"),
        jwks_url: table.string("jwks_url"),
        deployments: table.strings("deployments"),
    }
}

/// `private_key`: a variable, or a list of them. A file that people share contains no private key.
fn read_private_keys(table: &mut Table<'_>) -> Option<Written<Vec<Written<StringValue>>>> {
    const KEY: &str = "private_key";
    let written = table.value(KEY)?;
    let source = written.source.clone();
    let items = match written.value {
        Value::Array(_, items) => table.items(KEY, items, source.clone()).value,
        value => vec![Written { value, source: source.clone() }],
    };
    let mut keys = Vec::new();
    for item in items {
        match item.value {
            Value::Dict(..) => keys.extend(string_value(table, KEY, item)),
            _ => table.reader().mismatch(KEY, "`{ env = \"…\" }` or a list of these", &item),
        }
    }
    Some(Written { value: keys, source })
}

fn read_upstream(table: &mut Table<'_>, tool: &str) -> UpstreamTable {
    UpstreamTable {
        url: table.string("upstream"),
        prefix: table.string("prefix"),
        open: table.string("open"),
        downloads: table.get("downloads", "`true` or `false`"),
        identity: table.strings_or_none("identity"),
        headers: read_values(table, "headers"),
        timeout: table.string("timeout"),
        grades: read_grades(table),
        grade_lifetime: table.string("grade_lifetime"),
        line_item: read_line_item(table, tool),
        members: table.strings("members"),
        picker: table.string("picker"),
        pass_host_header: table.get("pass_host_header", "`true` or `false`"),
    }
}

fn read_grades(table: &mut Table<'_>) -> Option<Written<GradesValue>> {
    let written = table.value("grades")?;
    let value = match written.value {
        Value::Bool(_, value) => GradesValue::Boolean(value),
        Value::String(_, word) => GradesValue::Word(word),
        _ => {
            table.reader().mismatch("grades", "`true`, `false` or `\"course\"`", &written);
            return None;
        }
    };
    Some(Written { value, source: written.source })
}

fn read_line_item(table: &mut Table<'_>, tool: &str) -> Option<Written<LineItemTable>> {
    let written = table.value("line_item")?;
    let source = written.source.clone();
    let mut table = table.reader().table(written, "line_item")?;
    let mut line_item = LineItemTable {
        label: table.string("label"),
        points: read_points(&mut table),
        completeness: Completeness::default(),
    };
    line_item.completeness = table.finish(&format!("in `line_item` of [tools.{tool}]"));
    Some(Written { value: line_item, source })
}

fn read_links(table: &mut Table<'_>, tool: &str) -> Option<Written<Vec<Written<LinkTable>>>> {
    let reader = table.reader();
    let list = table.list("links", "a list of tables")?;
    let mut links = Vec::new();
    for item in list.value {
        let source = item.source.clone();
        if let Some(mut table) = reader.table(item, "links") {
            let mut link = LinkTable {
                title: table.string("title"),
                description: table.string("description"),
                path: table.string("path"),
                custom: read_custom(&mut table),
                points: read_points(&mut table),
                completeness: Completeness::default(),
            };
            link.completeness = table.finish(&format!("among the links of [tools.{tool}]"));
            links.push(Written { value: link, source });
        }
    }
    Some(Written { value: links, source: list.source })
}

fn read_custom(table: &mut Table<'_>) -> CustomTable {
    let reader = table.reader();
    let values = table.table("custom").map(Table::into_values).unwrap_or_default();
    let mut custom = Vec::new();
    for (name, written) in values {
        match written.value {
            Value::String(_, value) => {
                custom.push((name, Written { value, source: written.source }));
            }
            _ => reader.mismatch("custom", "a string in quotes", &written),
        }
    }
    custom
}

fn read_points(table: &mut Table<'_>) -> Option<Written<f64>> {
    let written = table.value("points")?;
    let Value::Num(_, number) = &written.value else {
        table.reader().mismatch("points", "a number", &written);
        return None;
    };
    // An integer beyond 2^53 is out of range in any case.
    let value = number.to_f64().or_else(|| number.to_i128().map(|number| number as f64));
    let value = value.or_else(|| number.to_u128_lossy().map(|number| number as f64));
    Some(Written { value: value.unwrap_or(f64::INFINITY), source: written.source })
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
