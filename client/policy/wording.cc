#include "client/policy/wording.h"

#include <algorithm>
#include <array>

#include "trusted/base/hidden.h"
#include "trusted/privacy/plan.h"
#include "trusted/sql/functions.h"

namespace gbx::client {
namespace {

constexpr std::size_t kLineBytesMax = 160;
constexpr std::size_t kReasonBytesMax = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string folded(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); i++) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); j++) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kReasonBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// What the analyst wrote at `span`, without a table in front of it.
std::string written_name(std::string_view sql, Span span) {
  if (span.begin >= span.end || span.end > sql.size() || span.end - span.begin > kReasonBytesMax) {
    return {};
  }
  std::string_view text = sql.substr(span.begin, span.end - span.begin);
  if (const std::size_t dot = text.rfind('.'); dot != std::string_view::npos) {
    text.remove_prefix(dot + 1);
  }
  const bool name = std::all_of(text.begin(), text.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return name ? std::string(text) : std::string();
}

std::vector<std::string> column_names(const policy::Policy& policy, std::string_view sql) {
  std::vector<std::string> out;
  for (const policy::Table& table : policy.tables) {
    if (!mentions(sql, table)) continue;
    for (const policy::Column& column : table.columns) out.push_back(column.name);
  }
  return out;
}

std::vector<std::string> table_names(const policy::Policy& policy) {
  std::vector<std::string> out;
  for (const policy::Table& table : policy.tables) out.push_back(table.name);
  return out;
}

std::string nearest_hint(std::string_view sql, Span span, const std::vector<std::string>& words) {
  const std::string written = written_name(sql, span);
  const std::string near = written.empty() ? std::string() : nearest_word(written, words);
  return near.empty() ? std::string() : "; did you mean " + near + "?";
}

// The function that the span begins with, and the nearest there is.
std::string about_function(std::string_view query, Span span, std::string_view reason) {
  if (span.begin >= span.end || span.end > query.size()) return {};
  const std::string_view text = query.substr(span.begin, span.end - span.begin);
  const std::size_t open = text.find('(');
  const auto length = static_cast<std::uint32_t>(open == std::string_view::npos ? 0 : open);
  const std::string name = written_name(query, {span.begin, span.begin + length});
  if (name.empty()) return {};
  std::vector<std::string> known;
  if (reason == "aggregate_unsupported") {
    known = {"count", "sum", "avg", "variance", "stddev", "median", "quantile_cont", "count_if"};
  } else {
    for (const sql::ScalarFunction& function : sql::scalar_functions()) {
      known.emplace_back(function.name);
    }
  }
  const std::string near = nearest_word(name, known);
  return "; there is no " + name + (near.empty() ? "" : ", the nearest is " + near);
}

std::string person_columns(const policy::Policy& policy, std::string_view sql) {
  std::vector<std::string> out;
  for (const policy::Table& table : policy.tables) {
    if (mentions(sql, table)) out.push_back(table.name + "." + table.person);
  }
  return joined(out);
}

std::string allowed_tables(const policy::Policy& policy, std::string_view sql) {
  std::string out;
  for (const policy::Table& table : policy.tables) {
    if (mentions(sql, table)) out += (out.empty() ? "" : "\n") + allowed_in(table);
  }
  return out;
}

// Reasons that are answered best by what the tables in the query give.
bool is_about_rules(std::string_view reason) {
  constexpr std::string_view kReasons[] = {
      "aggregate_not_listed", "column_not_dimension",    "column_not_listed",
      "function_not_allowed", "rows_not_released",       "join_column_not_listed",
      "star_not_released",    "column_not_grouped",      "person_not_released",
      "min_max_not_released", "output_column_disallowed"};
  return std::find(std::begin(kReasons), std::end(kReasons), reason) != std::end(kReasons);
}

std::string next_step(const Refusal& refusal, std::string_view sql, const policy::Policy& policy,
                      std::string_view next) {
  std::string out(next);
  if (refusal.reason == "column_unknown") {
    return "columns of these tables: " + joined(column_names(policy, sql)) +
           nearest_hint(sql, refusal.where, column_names(policy, sql));
  }
  if (refusal.reason == "table_unknown") {
    const bool derived =
        std::any_of(policy.tables.begin(), policy.tables.end(),
                    [](const policy::Table& table) { return table.rule.derived_hours > 0; });
    return "the policy's tables: " + joined(table_names(policy)) +
           nearest_hint(sql, refusal.where, table_names(policy)) +
           (derived ? "; derived tables: glovebox derived list" : "");
  }
  if (refusal.reason == "function_unsupported" || refusal.reason == "aggregate_unsupported") {
    return out + about_function(sql, refusal.where, refusal.reason);
  }
  const bool joins =
      refusal.reason.starts_with("join_") || refusal.reason == "single_person_predicate" ||
      refusal.reason == "person_only_counted_distinct" || refusal.reason == "person_not_released" ||
      refusal.reason == "person_column_in_expression";
  if (joins) {
    const std::string people = person_columns(policy, sql);
    if (!people.empty()) out += " (people here: " + people + ")";
  }
  if (is_about_rules(refusal.reason)) {
    const std::string allowed = allowed_tables(policy, sql);
    if (!allowed.empty()) out += "\n" + allowed;
  }
  if (refusal.reason == "epsilon_too_large") {
    out += "; the policy's most is " + privacy::format_epsilon(policy.privacy.epsilon_per_query);
  }
  return out;
}

}  // namespace

bool mentions(std::string_view sql, const policy::Table& table) {
  const std::string_view name = table.name;
  const std::size_t dot = name.rfind('.');
  const std::string last = folded(dot == std::string_view::npos ? name : name.substr(dot + 1));
  return folded(sql).find(last) != std::string::npos;
}

std::span<const std::span<const Wording>> words::subjects() {
  static const std::array kSubjects = {of_policies(), of_queries(),   of_proofs(),
                                       of_rooms(),    of_evidence(),  of_processors(),
                                       of_quotes(),   of_templates(), of_machine()};
  return kSubjects;
}

const Wording* find_wording(std::string_view reason) {
  for (const auto& words : words::subjects()) {
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&](const Wording& entry) { return entry.reason == reason; });
    if (found != words.end()) return &*found;
  }
  return nullptr;
}

std::vector<Wording> all_wordings() {
  std::vector<Wording> out;
  for (const auto& words : words::subjects()) {
    out.insert(out.end(), words.begin(), words.end());
  }
  std::sort(out.begin(), out.end(),
            [](const Wording& a, const Wording& b) { return a.reason < b.reason; });
  return out;
}

std::string nearest_word(std::string_view word, std::span<const std::string> words) {
  std::string best;
  const std::string wanted = folded(word);
  std::size_t least = wanted.size() / 2 + 1;
  for (const std::string& known : words) {
    const std::size_t far = distance(wanted, folded(known));
    if (far >= least) continue;
    least = far;
    best = known;
  }
  return best;
}

std::string allowed_in(const policy::Table& table) {
  if (table.rule.kind == policy::RuleKind::list) {
    return table.name + " gives lists of persons only: SELECT DISTINCT of " +
           joined(table.rule.list_columns) + ", joined with a table of the member who asks";
  }
  if (table.rule.kind == policy::RuleKind::custom) {
    const std::vector<std::string>& hidden = table.rule.disallowed_outputs;
    return table.name + " gives every column as its label allows" +
           (hidden.empty() ? "" : "; in conditions only " + joined(hidden));
  }
  std::vector<std::string> measures;
  bool counts = false;
  for (const policy::AggregateColumns& entry : table.rule.aggregate_columns) {
    const bool distinct = entry.function == policy::AggregateFunction::count_distinct;
    counts = counts || distinct || entry.function == policy::AggregateFunction::count;
    const std::string name =
        distinct ? "COUNT(DISTINCT " : std::string(aggregate_function_name(entry.function)) + "(";
    for (const std::string& column : entry.columns) measures.push_back(name + column + ")");
  }
  if (counts) measures.emplace_back("COUNT(*)");
  std::string out =
      table.name + " gives: " + (measures.empty() ? "no aggregate" : joined(measures));
  if (!table.rule.dimension_columns.empty()) {
    out += "; GROUP BY " + joined(table.rule.dimension_columns);
  }
  const std::vector<std::string>& functions = table.rule.scalar_functions;
  out += functions.empty() ? "; no scalar functions" : "; functions " + joined(functions);
  if (table.rule.join_required) out += "; only joined with a table of the member who asks";
  return out;
}

std::string printable(std::string text) {
  for (Hidden next = find_hidden(text); next.size > 0; next = find_hidden(text, next.begin)) {
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(next.begin), next.size, ' ');
  }
  return text;
}

std::string caret(std::string_view text, Span span) {
  if (span.begin > span.end || span.end > text.size() || span == Span{}) return {};
  std::size_t line = 1;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < span.begin; i++) {
    if (text[i] != '\n') continue;
    line++;
    begin = i + 1;
  }
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  std::size_t from = span.begin - begin;
  const std::size_t to = std::max(std::min<std::size_t>(span.end, end) - begin, from + 1);
  const std::size_t column = from + 1;
  std::string shown(text.substr(begin, end - begin));
  std::size_t cut = 0;
  if (shown.size() > kLineBytesMax && from > kLineBytesMax / 2) cut = from - kLineBytesMax / 2;
  shown = shown.substr(cut, kLineBytesMax);
  from -= cut;
  shown = printable(std::move(shown));
  // One mark for each character, not for each byte of it.
  const auto characters = [&](std::size_t first, std::size_t last) {
    std::size_t count = 0;
    for (std::size_t i = first; i < std::min(last, shown.size()); i++) {
      if ((static_cast<unsigned char>(shown[i]) & 0xC0U) != 0x80U) count++;
    }
    return count;
  };
  const std::size_t width = std::max<std::size_t>(characters(from, to - cut), 1);
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ":\n    " + shown +
         "\n    " + std::string(characters(0, from), ' ') + "^" + std::string(width - 1, '~');
}

RefusalText explain_refusal(const Refusal& refusal, std::string_view sql,
                            const policy::Policy* policy) {
  RefusalText out;
  const std::string word = is_word(refusal.reason) ? refusal.reason : "unreadable_reason";
  out.what = "refused: " + std::string(error_code_name(refusal.code)) + " (" + word + ")";
  out.where = caret(sql, refusal.where);
  const Wording* wording = find_wording(word);
  if (wording == nullptr) {
    out.why = "the other side gave a reason that this version has no words for";
    out.next = "look it up in docs/reference/refusals.md of the version that runs there";
    return out;
  }
  out.why = wording->means;
  out.next = policy == nullptr ? std::string(wording->next)
                               : next_step(refusal, sql, *policy, wording->next);
  return out;
}

}  // namespace gbx::client
