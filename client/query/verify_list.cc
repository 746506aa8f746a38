#include "client/query/verify_list.h"

#include <algorithm>

namespace gbx::client {
namespace {

Error unverified(Literal reason) { return {ErrorCode::unverified, reason}; }

bool is_of_list(const packet::Output& column) {
  return column.kind == packet::OutputKind::person || column.kind == packet::OutputKind::listed;
}

bool is_person(const packet::Output& column) {
  return column.kind == packet::OutputKind::person && column.type.type == Type::text;
}

// The place of the person among the columns of a list; nothing when they are no list's.
std::optional<std::size_t> person_column(const std::vector<packet::Output>& columns) {
  const auto person = std::find_if(columns.begin(), columns.end(), is_person);
  const bool list = std::all_of(columns.begin(), columns.end(), [](const packet::Output& column) {
    return is_of_list(column) && !column.input &&
           (column.kind == packet::OutputKind::listed || is_person(column));
  });
  if (!list || person == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(person - columns.begin());
}

bool is_token(const packet::OutputCell& cell) {
  const auto* text = std::get_if<std::string>(&cell.value);
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text != nullptr && text->size() == 2 * sizeof(Token) &&
         std::all_of(text->begin(), text->end(), digit);
}

// Every table of a list answers lists, and no table of another answer does.
bool tables_agree(const packet::AnswerPredicate& predicate, const policy::Policy& policy) {
  return std::all_of(predicate.budget.begin(), predicate.budget.end(), [&](const auto& move) {
    const policy::Table* table = policy.find_table(move.table);
    const bool lists = table != nullptr && table->rule.kind == policy::RuleKind::list;
    return lists == predicate.list.has_value();
  });
}

// One number decides whether it is released, and fewer persons than k never do.
bool noise_fits(const packet::NoiseParameters& noise) {
  const bool sure = noise.selection == privacy::Selection::threshold ||
                    noise.selection == privacy::Selection::exact;
  return sure && noise.open && noise.statistics.size() == 1 && noise.groups_per_person == 1;
}

// Ascending by person, nobody's row twice; as many persons as a list must have at least, where
// nothing was cut.
Status verify_rows(const packet::AnswerTable& table, std::size_t person, std::int64_t least) {
  std::int64_t persons = 0;
  const std::string* before = nullptr;
  for (const auto& row : table.rows) {
    if (!is_token(row[person])) return unverified("result_list_wrong");
    const std::string& token = *std::get_if<std::string>(&row[person].value);
    if (before != nullptr && token < *before) return unverified("result_list_wrong");
    if (before == nullptr || token != *before) persons++;
    before = &token;
  }
  const bool withheld = table.withheld == 1;
  if (withheld != table.rows.empty()) return unverified("result_list_wrong");
  if (!withheld && table.rows_cut == 0 && persons < least) return unverified("result_list_wrong");
  return {};
}

}  // namespace

Status verify_list(const packet::AnswerTable& table, const packet::AnswerPredicate& predicate,
                   const policy::Policy& policy) {
  const bool any = std::any_of(table.columns.begin(), table.columns.end(), is_of_list);
  if (!tables_agree(predicate, policy)) return unverified("statement_list_wrong");
  if (!predicate.list) return any ? Status(unverified("statement_list_wrong")) : Status();
  const std::optional<std::size_t> person = person_column(table.columns);
  const bool salted = predicate.list->salt.has_value();
  if (!person || salted == table.dry_run || !noise_fits(predicate.noise)) {
    return unverified("statement_list_wrong");
  }
  const policy::Member* member = policy.find_member(predicate.member);
  if (member == nullptr || !member->abilities.list) {
    return unverified("request_member_may_not_list");
  }
  if (table.dry_run) return {};
  if (!table.withheld || *table.withheld > 1) return unverified("result_list_wrong");
  return verify_rows(table, *person, predicate.noise.people_min);
}

}  // namespace gbx::client
