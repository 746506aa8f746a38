#include "client/query/static_check.h"

#include <algorithm>
#include <optional>
#include <set>

#include "engine/duckdb/parse.h"
#include "trusted/privacy/confidence.h"
#include "trusted/snapshot/utf8.h"
#include "trusted/sql/expression_codec.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/lexer.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/step_codec.h"

namespace gbx::client {
namespace {

Verdict refused(const Error& error) {
  Verdict out;
  out.code = error.code;
  out.reason = error.reason.view();
  out.where = error.where;
  return out;
}

// Whether it is one number that was noised once.
bool is_single(const firewall::Output& output) {
  return output.kind == firewall::OutputKind::persons ||
         output.kind == firewall::OutputKind::count || output.kind == firewall::OutputKind::sum;
}

std::vector<Verdict::Column> columns_of(const firewall::CheckedQuery& query) {
  const auto widths = privacy::half_widths(query.plan());
  std::vector<Verdict::Column> out;
  for (const sql::Item& item : query.items()) {
    if (item.person) {
      out.push_back({.name = item.name});
      continue;
    }
    if (item.formula) {
      const std::vector<std::uint32_t> read = sql::outputs_read(*item.formula);
      const bool noised = std::any_of(read.begin(), read.end(), [&](std::uint32_t index) {
        return query.outputs()[index].kind != firewall::OutputKind::group;
      });
      out.push_back({.name = item.name, .noised = noised, .scale = item.formula->type.scale});
      continue;
    }
    const firewall::Output& output = query.outputs()[item.output];
    Verdict::Column column{.name = item.name, .scale = output.type.scale};
    column.noised = output.kind != firewall::OutputKind::group;
    if (is_single(output) && widths) column.half_width = (*widths)[output.index];
    out.push_back(std::move(column));
  }
  return out;
}

// Outputs that no column shows or is computed of. A list has none.
std::vector<Verdict::Column> unseen_of(const firewall::CheckedQuery& query) {
  if (query.lists()) return {};
  std::set<std::uint32_t> seen;
  for (const sql::Item& item : query.items()) {
    if (!item.formula) seen.insert(item.output);
  }
  // Persons are noised for every question, whether it asks for them or not.
  std::set<std::uint32_t> needed = {0};
  for (const std::uint32_t index : seen) {
    for (const std::uint32_t one : firewall::statistics_of(query.outputs()[index])) {
      needed.insert(one);
    }
  }
  const auto widths = privacy::half_widths(query.plan());
  std::vector<Verdict::Column> out;
  const std::size_t groups = query.task().groups.size();
  for (std::size_t i = groups; i < groups + query.aggregates().size(); i++) {
    if (seen.contains(static_cast<std::uint32_t>(i))) continue;
    const firewall::Output& output = query.outputs()[i];
    Verdict::Column column{.name = query.aggregates()[i - groups], .scale = output.type.scale};
    column.noised = true;
    if (is_single(output) && widths) column.half_width = (*widths)[output.index];
    privacy::Plan alone;
    alone.accounting = query.plan().accounting;
    for (const std::uint32_t one : firewall::statistics_of(output)) {
      // What two of them read is said of the first.
      if (needed.insert(one).second) alone.statistics.push_back(query.plan().statistics[one]);
    }
    if (alone.accounting != privacy::Accounting::queries) column.loss = alone.price().loss;
    out.push_back(std::move(column));
  }
  return out;
}

// Over the answer's columns, as the page of results says.
void over_columns(sql::Expression& e, const std::vector<sql::Item>& items) {
  for (sql::Expression& child : e.children) over_columns(child, items);
  if (e.op != sql::Op::output) return;
  const auto shows = std::find_if(items.begin(), items.end(), [&](const sql::Item& item) {
    return !item.formula && item.output == e.column;
  });
  e.op = sql::Op::column;
  e.column = static_cast<std::uint32_t>(shows - items.begin());
}

Json formula_of(sql::Expression e, const std::vector<sql::Item>& items) {
  over_columns(e, items);
  return sql::encode_expression(e);
}

Json window_of(const firewall::CheckedQuery& query, const sql::Item& item) {
  const std::size_t first = query.outputs().size() - query.post().windows.size();
  sql::Window window = query.post().windows[item.output - first];
  sql::each_of_window(window, [&](sql::Expression& e) { over_columns(e, query.items()); });
  return sql::encode_released_window(window);
}

bool is_column(const packet::Output& column, const sql::Item& item,
               const firewall::CheckedQuery& query) {
  const bool computed = column.kind == packet::OutputKind::computed;
  if (column.name != item.name || column.input != item.input) return false;
  if (item.person || column.kind == packet::OutputKind::person) {
    return item.person && column.kind == packet::OutputKind::person;  // its type: verify_list()
  }
  if (computed != item.formula.has_value()) return false;
  if (!computed) {
    const firewall::Output& output = query.outputs()[item.output];
    const bool window = output.kind == firewall::OutputKind::window;
    if (window != (column.kind == packet::OutputKind::window)) return false;
    if (window) {
      return column.type == output.type &&
             column.window->canonical() == window_of(query, item).canonical();
    }
    const auto key = query.lists() ? packet::OutputKind::listed : packet::OutputKind::group;
    const bool group = output.kind == firewall::OutputKind::group;
    return column.type == output.type && group == (column.kind == key);
  }
  return column.type == item.formula->type && column.formula &&
         column.formula->canonical() == formula_of(*item.formula, query.items()).canonical();
}

Verdict accepted(const firewall::CheckedQuery& query, const policy::Policy& policy) {
  Verdict out;
  out.accepted = true;
  out.canonical = query.canonical();
  out.path = "merge";
  out.tables = query.task().tables;
  std::sort(out.tables.begin(), out.tables.end());
  for (const std::string& name : out.tables) {
    const policy::Table* table = policy.find_table(name);
    if (table != nullptr) out.persons.push_back(name + "." + table->person);
  }
  out.lists = query.lists();
  out.people_min = query.plan().people_min;
  out.groups_per_person = query.plan().groups_per_person;
  out.rows_per_group = policy.privacy.rows_per_group;
  out.rows_of_person = query.stability().rows;
  out.replaces = query.plan().replaces;
  out.accounting = query.plan().accounting;
  out.price = query.plan().price();
  out.columns = columns_of(query);
  out.unseen = unseen_of(query);
  return out;
}

}  // namespace

std::vector<Statement> split_statements(std::string_view text) {
  std::vector<Statement> out;
  const auto size = static_cast<std::uint32_t>(text.size());
  std::uint32_t at = sql::skip_space(text, 0);
  while (at < size) {
    const std::uint32_t begin = at;
    std::uint32_t end = at;
    while (at < size && text[at] != ';') {
      end = std::max(sql::token_end(text, at), at + 1);
      at = sql::skip_space(text, end);
    }
    if (end > begin) out.push_back({std::string(text.substr(begin, end - begin)), {begin, end}});
    if (at < size) at = sql::skip_space(text, at + 1);
  }
  return out;
}

Result<StaticCheck> StaticCheck::make(policy::VerifiedPolicy policy) {
  GBX_TRY_ASSIGN(auto parser, engine::Database::open({.expression_depth = sql::kNodeDepthMax}));
  return StaticCheck(std::move(policy), std::move(parser));
}

Result<std::string> StaticCheck::tree_of(std::string_view sql) const {
  GBX_TRY(sql::check_text(sql));
  // A room gets it inside of JSON, where other bytes cannot stand.
  if (!snapshot::is_utf8(sql)) return Error{ErrorCode::invalid_argument, "text_malformed"};
  return engine::parse_sql(*parser_, sql);
}

Result<firewall::CheckedQuery> StaticCheck::admit(std::string_view sql,
                                                  const firewall::Request& request) const {
  GBX_TRY_ASSIGN(const std::string tree, tree_of(sql));
  return firewall::admit(tree, sql, policy_, request);
}

Result<firewall::DerivedTable> StaticCheck::define(const std::string& name, const std::string& sql,
                                                   const std::string& member) {
  if (sql.size() > packet::kDerivedSqlBytesMax) {
    return Error{ErrorCode::invalid_argument, "derived_too_large"};
  }
  GBX_TRY_ASSIGN(const std::string tree, tree_of(sql));
  GBX_TRY_ASSIGN(firewall::DerivedTable made,
                 firewall::admit_derived({member, name, sql, tree}, policy_.policy(), derived_));
  derived_.push_back(made.rows);
  return made;
}

// As a room had them, each with what stands before it.
Result<std::vector<sql::Derived>> StaticCheck::derived_of(
    const packet::AnswerPredicate& predicate) const {
  std::vector<sql::Derived> out;
  for (const packet::DerivedTable& table : predicate.derived) {
    GBX_TRY_ASSIGN(const std::string tree, tree_of(table.sql));
    GBX_TRY_ASSIGN(firewall::DerivedTable made,
                   firewall::admit_derived({table.member, table.name, table.sql, tree},
                                           policy_.policy(), out));
    out.push_back(std::move(made.rows));
  }
  return out;
}

Verdict StaticCheck::check(std::string_view sql, const std::string& member) const {
  const Result<firewall::CheckedQuery> query = admit(sql, {.member = member, .derived = derived_});
  if (!query) return refused(query.error());
  Verdict out = accepted(*query, policy_.policy());
  for (const std::size_t place : query->derived()) out.derived.push_back(derived_[place].name);
  return out;
}

Verdict StaticCheck::check(const packet::TemplateCall& call, const std::string& member) const {
  const auto use = policy::TemplateUse::make(policy_.policy().templates, call);
  if (!use) return refused(use.error());
  const Result<firewall::CheckedQuery> query = admit(use->sql(), {.member = member, .use = &*use});
  if (!query) return refused(query.error());
  return accepted(*query, policy_.policy());
}

Status StaticCheck::confirm(const packet::AnswerTable& table,
                            const packet::AnswerPredicate& predicate,
                            const packet::Request& request) const {
  const Error differs{ErrorCode::unverified, "statement_query_differs"};
  std::optional<policy::TemplateUse> use;
  if (request.call) {
    auto made = policy::TemplateUse::make(policy_.policy().templates, *request.call);
    if (!made) return differs;
    use = std::move(*made);
  }
  const auto derived = derived_of(predicate);
  if (!derived) return differs;
  const Result<firewall::CheckedQuery> query =
      admit(use ? std::string_view(use->sql()) : std::string_view(request.sql),
            {.member = request.member, .use = use ? &*use : nullptr, .derived = *derived});
  if (!query || query->canonical() != predicate.query_text) return differs;
  if (query->derived().size() != predicate.derived.size())
    return differs;  // none that it is not of
  const std::vector<sql::Item>& items = query->items();
  bool same = items.size() == table.columns.size();
  for (std::size_t i = 0; same && i < items.size(); i++) {
    same = is_column(table.columns[i], items[i], *query);
  }
  return same ? Status() : Status(Error{ErrorCode::unverified, "result_columns_differ"});
}

}  // namespace gbx::client
