#include "cli/explained.h"

#include <algorithm>

#include "cli/console.h"
#include "client/policy/amounts.h"
#include "client/policy/consolidated.h"
#include "client/policy/wording.h"
#include "trusted/packet/list_terms.h"

namespace gbx::cli {
namespace {

Json place(Span span) {
  return Json(Json::Array{Json(std::int64_t{span.begin}), Json(std::int64_t{span.end})});
}

Json texts(const std::vector<std::string>& values) {
  Json out{Json::Array()};
  for (const std::string& value : values) out.push(value);
  return out;
}

client::RefusalText words_of(const client::Verdict& verdict, std::string_view sql,
                             const policy::Policy& policy) {
  return client::explain_refusal({verdict.code, verdict.reason, verdict.where}, sql, &policy);
}

Json columns_json(const client::Verdict& verdict) {
  Json out{Json::Array()};
  for (const client::Verdict::Column& column : verdict.columns) {
    Json entry = Json::object({{"name", column.name}, {"noised", column.noised}});
    if (column.half_width > 0) {
      entry.set("half_width", format_decimal(column.half_width, column.scale));
    }
    out.push(std::move(entry));
  }
  return out;
}

Json price_json(const client::Verdict& verdict) {
  return Json::object({{std::string(privacy::loss_name(verdict.accounting)),
                        client::loss_text(verdict.accounting, verdict.price.loss)},
                       {"delta", client::delta_text(verdict.price.delta)}});
}

std::string price_text(const client::Verdict& verdict) {
  return std::string(privacy::loss_name(verdict.accounting)) + " " +
         client::loss_text(verdict.accounting, verdict.price.loss) + ", delta " +
         client::delta_text(verdict.price.delta);
}

// Further lines stand under the first.
std::string indented(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\n         " : std::string(1, c);
  return out;
}

// Of an accepted query its own, of another those that its text names.
std::vector<std::string> tables_of(const client::Verdict& verdict, std::string_view sql,
                                   const policy::Policy& policy) {
  std::vector<std::string> out =
      verdict.accepted ? verdict.tables : client::tables_named(policy, sql);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

std::string refusal_text(const client::Verdict& verdict, std::string_view sql,
                         const policy::Policy& policy) {
  const client::RefusalText text = words_of(verdict, sql, policy);
  std::string out = text.what + "\n";
  if (!text.where.empty()) out += text.where + "\n";
  return out + "  why:   " + text.why + "\n  next:  " + indented(text.next);
}

std::string unseen_text(const client::Verdict::Column& column, privacy::Accounting accounting) {
  std::string out = column.name;
  if (column.loss > 0) {
    out += ": " + std::string(privacy::loss_name(accounting)) + " " +
           client::loss_text(accounting, column.loss);
  }
  return out + " (only HAVING or ORDER BY reads it)";
}

std::string explained(const client::Verdict& verdict, std::string_view sql,
                      const policy::Policy& policy) {
  const std::vector<std::string> tables = tables_of(verdict, sql, policy);
  std::string out;
  if (!tables.empty()) out += client::consolidated_text(client::consolidate(policy, tables)) + "\n";
  if (!verdict.accepted) return out + refusal_text(verdict, sql, policy);
  const auto count = [](std::int64_t number) { return client::thousands(number); };
  if (verdict.lists) {
    return out + "accepted\n  " + verdict.canonical +
           "\n  a list of persons, not a privacy guarantee: withheld unless it has safely " +
           count(verdict.people_min) +
           " persons or more, and sealed to who asks\n  price           " + price_text(verdict);
  }
  out += "accepted\n  " + verdict.canonical +
         (verdict.derived.empty() ? "" : "\n  stands on       " + list(verdict.derived)) +
         "\n  privacy unit    one person: " + list(verdict.persons) +
         "\n  stability       one person has at most " + count(verdict.rows_of_person) +
         " rows here, counts in at most " + count(verdict.groups_per_person) + " groups, with " +
         count(verdict.rows_per_group) + " rows in each";
  if (verdict.replaces) {
    out += "\n                  and may move between groups: priced for twice as many";
  }
  for (const client::Verdict::Column& column : verdict.unseen) {
    out += "\n  paid, not shown " + unseen_text(column, verdict.accounting);
  }
  return out + "\n  path            " + verdict.path + "\n  price           " + price_text(verdict);
}

void add_rule(Json& out, const client::Verdict& verdict, std::string_view sql,
              const policy::Policy& policy) {
  const std::vector<std::string> tables = tables_of(verdict, sql, policy);
  if (tables.empty()) return;
  out.set("rule", client::consolidated_json(client::consolidate(policy, tables)));
}

void add_verdict(Json& out, const client::Verdict& verdict, std::string_view sql,
                 const policy::Policy& policy) {
  if (!verdict.accepted) {
    const client::RefusalText text = words_of(verdict, sql, policy);
    out.set("code", error_code_name(verdict.code));
    out.set("next", text.next);
    out.set("reason", verdict.reason);
    out.set("span", place(verdict.where));
    out.set("why", text.why);
    return;
  }
  out.set("canonical", verdict.canonical);
  if (verdict.lists) out.set("guarantee", packet::kListGuarantee);
  out.set("columns", columns_json(verdict));
  out.set("path", verdict.path);
  out.set("price", price_json(verdict));
  out.set("privacy_unit", texts(verdict.persons));
  out.set("stability", Json::object({{"groups_per_person", std::int64_t{verdict.groups_per_person}},
                                     {"people_min", verdict.people_min},
                                     {"replaces", verdict.replaces},
                                     {"rows_of_person", verdict.rows_of_person},
                                     {"rows_per_group", std::int64_t{verdict.rows_per_group}}}));
  out.set("tables", texts(verdict.tables));
  if (!verdict.derived.empty()) out.set("derived", texts(verdict.derived));
  if (verdict.unseen.empty()) return;
  Json unseen{Json::Array{}};
  for (const client::Verdict::Column& column : verdict.unseen) {
    unseen.push(Json::object(
        {{"loss", client::loss_text(verdict.accounting, column.loss)}, {"name", column.name}}));
  }
  out.set("unseen", std::move(unseen));
}

}  // namespace gbx::cli
