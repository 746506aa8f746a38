#include "client/query/static_check.h"

#include <algorithm>

#include "engine/duckdb/parse.h"
#include "trusted/privacy/confidence.h"
#include "trusted/snapshot/utf8.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/lexer.h"
#include "trusted/sql/parse.h"

namespace gbx::client {
namespace {

Verdict refused(const Error& error) {
  Verdict out;
  out.code = error.code;
  out.reason = error.reason.view();
  out.where = error.where;
  return out;
}

std::vector<Verdict::Column> columns_of(const firewall::CheckedQuery& query) {
  const auto widths = privacy::half_widths(query.plan());
  std::vector<Verdict::Column> out;
  for (const sql::Item& item : query.items()) {
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
    const bool single = output.kind == firewall::OutputKind::persons ||
                        output.kind == firewall::OutputKind::count ||
                        output.kind == firewall::OutputKind::sum;
    if (single && widths) column.half_width = (*widths)[output.index];
    out.push_back(std::move(column));
  }
  return out;
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
  out.people_min = query.plan().people_min;
  out.groups_per_person = query.plan().groups_per_person;
  out.rows_per_group = policy.privacy.rows_per_group;
  out.rows_of_person = query.stability().rows;
  out.replaces = query.plan().replaces;
  out.accounting = query.plan().accounting;
  out.price = query.plan().price();
  out.columns = columns_of(query);
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

Result<firewall::CheckedQuery> StaticCheck::admit(std::string_view sql,
                                                  const firewall::Request& request) const {
  GBX_TRY(sql::check_text(sql));
  // A room gets it inside of JSON, where other bytes cannot stand.
  if (!snapshot::is_utf8(sql)) return Error{ErrorCode::invalid_argument, "text_malformed"};
  GBX_TRY_ASSIGN(const std::string tree, engine::parse_sql(*parser_, sql));
  return firewall::admit(tree, sql, policy_, request);
}

Verdict StaticCheck::check(std::string_view sql, const std::string& member) const {
  const Result<firewall::CheckedQuery> query = admit(sql, {.member = member});
  if (!query) return refused(query.error());
  return accepted(*query, policy_.policy());
}

Verdict StaticCheck::check(const packet::TemplateCall& call, const std::string& member) const {
  const auto use = policy::TemplateUse::make(policy_.policy().templates, call);
  if (!use) return refused(use.error());
  const Result<firewall::CheckedQuery> query = admit(use->sql(), {.member = member, .use = &*use});
  if (!query) return refused(query.error());
  return accepted(*query, policy_.policy());
}

}  // namespace gbx::client
