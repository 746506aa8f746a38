#include "trusted/sql/print.h"

#include <array>

namespace gbx::sql {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

std::string as_decimal(const std::string& value, unsigned scale) {
  return "CAST(" + value + " AS DECIMAL(18," + std::to_string(scale) + "))";
}

class Printer {
 public:
  Printer(const Query& query, const Catalog& catalog) : query_(&query), catalog_(&catalog) {
    if (query.steps.empty()) {
      for (std::uint32_t i = 0; i < query.relations.size(); i++) sources_.push_back(i);
    } else {
      sources_.push_back(
          static_cast<std::uint32_t>(query.relations.size() + query.steps.size() - 1));
    }
  }
  // For the expressions of a step.
  Printer(const Step& step, const Query& query, const Catalog& catalog)
      : query_(&query), catalog_(&catalog) {
    for (const Input& input : step.inputs) sources_.push_back(input.source);
  }

  [[nodiscard]] std::string statement() const;
  [[nodiscard]] std::string expression(const Expression& e) const;
  [[nodiscard]] std::string aggregate(const AggregateCall& call) const;
  [[nodiscard]] std::string step(const Step& step) const;

 private:
  [[nodiscard]] std::string source(std::uint32_t source) const;
  [[nodiscard]] std::string column(const Expression& e) const;
  [[nodiscard]] std::string row_value(const RowAggregate& value, std::int64_t offset) const;
  [[nodiscard]] std::string window(const Window& window, bool released) const;
  [[nodiscard]] std::string joined(const Step& step) const;
  [[nodiscard]] const CatalogTable& table(std::uint32_t relation) const {
    return catalog_->tables[query_->relations[relation].table];
  }
  [[nodiscard]] std::string person(std::uint32_t relation) const;
  [[nodiscard]] std::string list(const std::vector<Expression>& all, std::size_t from,
                                 std::string_view between) const;
  [[nodiscard]] std::string literal(const Expression& e) const;
  [[nodiscard]] std::string case_when(const Expression& e) const;
  [[nodiscard]] std::string with_value(std::string_view name, const Expression& e) const;
  [[nodiscard]] std::string like(const Expression& e) const;
  [[nodiscard]] std::string trimmed(const Expression& e) const;
  [[nodiscard]] std::string written(const Expression& e) const;
  std::string divided(const Expression& e) const;
  std::string named(const Expression& e) const;
  [[nodiscard]] std::string output(std::uint32_t index) const;
  [[nodiscard]] std::string shown(const Item& item) const;
  [[nodiscard]] std::string from() const;
  [[nodiscard]] std::string post() const;

  const Query* query_;
  const Catalog* catalog_;
  std::vector<std::uint32_t> sources_;  // of relations that an expression may name
};

std::string column_name(std::uint32_t relation, std::string_view name) {
  return "t" + std::to_string(relation) + "." + std::string(name);
}

// What names of steps begin with: "s", and one more than any table has that is called like a step.
std::string step_letters(const Catalog& catalog) {
  std::size_t most = 0;
  for (const CatalogTable& table : catalog.tables) {
    const std::string_view name = table.name;
    const std::size_t letters = std::min(name.find_first_not_of("sS"), name.size());
    const bool like_a_step =
        name.find_first_not_of("0123456789", letters) == std::string_view::npos;
    if (like_a_step) most = std::max(most, letters);
  }
  return std::string(most + 1, 's');
}

std::string Printer::source(std::uint32_t source) const {
  const std::size_t tables = query_->relations.size();
  if (source < tables) return query_->relations[source].table_name;
  return step_letters(*catalog_) + std::to_string(source - tables);
}

std::string Printer::column(const Expression& e) const {
  const std::uint32_t from = sources_[e.relation];
  if (from < query_->relations.size())
    return column_name(e.relation, table(from).columns[e.column].name);
  return column_name(e.relation, "c" + std::to_string(e.column));
}

std::string Printer::person(std::uint32_t relation) const {
  if (!query_->steps.empty()) return "person";
  return column_name(relation, table(relation).person);
}

std::string Printer::list(const std::vector<Expression>& all, std::size_t from,
                          std::string_view between) const {
  std::string out;
  for (std::size_t i = from; i < all.size(); i++) {
    if (i > from) out += between;
    out += expression(all[i]);
  }
  return out;
}

std::string Printer::literal(const Expression& e) const {
  if (e.type.type == Type::text) return quoted(e.text, '\'');
  std::string value = format_value(e.value, e.type);
  if (e.type.type == Type::date) return "DATE '" + value + "'";
  if (e.type.type == Type::timestamp) return "TIMESTAMP '" + value + "'";
  return value;
}

std::string Printer::case_when(const Expression& e) const {
  std::string out = "CASE";
  for (std::size_t i = 0; i + 1 < e.children.size(); i += 2) {
    out += " WHEN " + expression(e.children[i]) + " THEN " + expression(e.children[i + 1]);
  }
  return out + " ELSE " + expression(e.children.back()) + " END";
}

std::string Printer::with_value(std::string_view name, const Expression& e) const {
  return std::string(name) + "(" + expression(e.children[0]) + ", " + std::to_string(e.value) + ")";
}

std::string Printer::like(const Expression& e) const {
  return "(" + expression(e.children[0]) + " LIKE " + quoted(e.text, '\'') +
         (e.value == 1 ? " ESCAPE '\\')" : ")");
}

std::string Printer::trimmed(const Expression& e) const {
  const std::string_view name = e.value == 1 ? "ltrim(" : e.value == 2 ? "rtrim(" : "trim(";
  return std::string(name) + list(e.children, 0, ", ") + ")";
}

// A number as text; with a format, units of time after 1970.
std::string Printer::written(const Expression& e) const {
  constexpr std::array<std::string_view, 7> kUnits = {"",    "second", "minute", "hour",
                                                      "day", "month",  "year"};
  const std::string value = expression(e.children[0]);
  if (e.value == 0) return "CAST(" + value + " AS VARCHAR)";
  return "to_text(" + value + ", '" + std::string(kUnits[static_cast<std::size_t>(e.value)]) +
         "', " + quoted(e.text, '\'') + ")";
}

// quotient(a, b, digits, rounding): of scaled numbers, as no SQL function does it.
std::string Printer::divided(const Expression& e) const {
  constexpr std::array<std::string_view, 4> kRoundings = {"half", "down", "up", "zero"};
  const auto rounding = static_cast<std::size_t>(e.value % 4);
  const std::string out = std::string(op_name(e.op)) + "(" + list(e.children, 0, ", ") + ", " +
                          std::to_string(e.value / 4) + ", '" + std::string(kRoundings[rounding]) +
                          "')";
  // Rounded to fewer digits: units alone do not say so, ROUND(x, 5) of six digits is x / 10.
  const bool rounds = e.op == Op::quotient && e.type.scale < e.children[0].type.scale &&
                      e.children[1].type.scale == 0;
  return rounds ? as_decimal(out, e.type.scale) : out;
}

// Functions that are called by their own name.
std::string Printer::named(const Expression& e) const {
  return std::string(op_name(e.op)) + "(" + list(e.children, 0, ", ") + ")";
}

std::string Printer::expression(const Expression& e) const {
  switch (e.op) {
    case Op::column: return column(e);
    case Op::literal: return literal(e);
    case Op::null: return "NULL";
    case Op::multiply:
      if (e.children[0].type.type == Type::date) {  // times the microseconds of a day
        return "CAST(" + expression(e.children[0]) + " AS TIMESTAMP)";
      }
      [[fallthrough]];
    case Op::add:
    case Op::subtract:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::logical_and:
    case Op::logical_or:
    case Op::concat:
    case Op::ratio: return "(" + list(e.children, 0, infix(e.op)) + ")";
    case Op::negate: return "(- " + expression(e.children[0]) + ")";
    case Op::rescale: return as_decimal(expression(e.children[0]), e.type.scale);
    case Op::logical_not: return "(NOT " + expression(e.children[0]) + ")";
    case Op::is_null: return "(" + expression(e.children[0]) + " IS NULL)";
    case Op::in_list:
      return "(" + expression(e.children[0]) + " IN (" + list(e.children, 1, ", ") + "))";
    case Op::like: return like(e);
    case Op::case_when: return case_when(e);
    case Op::prefix: return with_value("left", e);
    case Op::suffix: return with_value("right", e);
    case Op::rest:
      return "substring(" + expression(e.children[0]) + ", " + std::to_string(e.value + 1) + ")";
    case Op::trim: return trimmed(e);
    case Op::to_text: return written(e);
    case Op::add_months: return with_value("add_months", e);
    case Op::quotient:
    case Op::remainder: return divided(e);
    case Op::output: return output(e.column);
    case Op::absolute: return "abs(" + expression(e.children[0]) + ")";
    case Op::clamp:
    case Op::coalesce:
    case Op::year:
    case Op::quarter:
    case Op::month:
    case Op::day:
    case Op::day_of_week:
    case Op::date_of:
    case Op::truncate_year:
    case Op::truncate_quarter:
    case Op::truncate_month:
    case Op::truncate_week:
    case Op::lower:
    case Op::upper:
    case Op::replace:
    case Op::split_part:
    case Op::pad_left:
    case Op::pad_right:
    case Op::reverse:
    case Op::capitals:
    case Op::position:
    case Op::length: return named(e);
  }
  GBX_CHECK(false);
}

std::string Printer::aggregate(const AggregateCall& call) const {
  switch (call.kind) {
    case AggregateKind::rows: return "COUNT(*)";
    case AggregateKind::values: return "COUNT(" + expression(call.argument) + ")";
    case AggregateKind::persons: {
      std::string persons = "COUNT(DISTINCT " + person(0) + ")";
      if (call.argument.children.empty()) return persons;
      return persons + " FILTER (WHERE " + expression(call.argument.children[0]) + ")";
    }
    case AggregateKind::distinct: return "COUNT(DISTINCT " + expression(call.argument) + ")";
    case AggregateKind::sum: return "SUM(" + expression(call.argument) + ")";
    case AggregateKind::quantile:
      return "QUANTILE_CONT(" + expression(call.argument) + ", " +
             format_value(call.fraction, {Type::decimal, 6}) + ")";
    case AggregateKind::bounded: return "COUNT_BOUNDED()";
    case AggregateKind::bound_low: return "APPROX_BOUNDS_LOW(" + expression(call.argument) + ")";
    case AggregateKind::bound_high: return "APPROX_BOUNDS_HIGH(" + expression(call.argument) + ")";
    case AggregateKind::average: return "AVG(" + expression(call.argument) + ")";
    case AggregateKind::variance_population: return "VAR_POP(" + expression(call.argument) + ")";
    case AggregateKind::variance_sample: return "VAR_SAMP(" + expression(call.argument) + ")";
    case AggregateKind::deviation_population:
      return "STDDEV_POP(" + expression(call.argument) + ")";
    case AggregateKind::deviation_sample: return "STDDEV_SAMP(" + expression(call.argument) + ")";
  }
  GBX_CHECK(false);
}

std::string Printer::output(std::uint32_t index) const {
  const std::size_t groups = query_->groups.size();
  const std::size_t aggregates = query_->aggregates.size();
  if (index < groups) return expression(query_->groups[index]);
  if (index < groups + aggregates) return aggregate(query_->aggregates[index - groups]);
  return window(query_->post.windows[index - groups - aggregates], true);
}

std::string Printer::shown(const Item& item) const {
  if (item.person) return person(0);
  return item.formula ? expression(*item.formula) : output(item.output);
}

std::string Printer::row_value(const RowAggregate& value, std::int64_t offset) const {
  const auto of = [&](std::string_view name) {
    return std::string(name) + "(" + expression(value.argument) + ")";
  };
  const auto shifted = [&](std::string_view name) {
    return std::string(name) + "(" + expression(value.argument) + ", " + std::to_string(offset) +
           ")";
  };
  switch (value.function) {
    case RowFunction::rows: return "COUNT(*)";
    case RowFunction::values: return of("COUNT");
    case RowFunction::distinct: return "COUNT(DISTINCT " + expression(value.argument) + ")";
    case RowFunction::sum: return of("SUM");
    case RowFunction::average: return of("AVG");
    case RowFunction::minimum: return of("MIN");
    case RowFunction::maximum: return of("MAX");
    case RowFunction::row_number: return "ROW_NUMBER()";
    case RowFunction::rank: return "RANK()";
    case RowFunction::dense_rank: return "DENSE_RANK()";
    case RowFunction::lag: return shifted("LAG");
    case RowFunction::lead: return shifted("LEAD");
    case RowFunction::first_value: return of("FIRST_VALUE");
    case RowFunction::last_value: return of("LAST_VALUE");
  }
  GBX_CHECK(false);
}

std::string Printer::window(const Window& window, bool released) const {
  std::string out = row_value(window.value, window.offset) + " OVER (";
  std::string_view between = "PARTITION BY ";
  if (!released) out += "PARTITION BY person";
  if (!released) between = ", ";
  for (const Expression& key : window.partition) {
    out += std::string(between) + expression(key);
    between = ", ";
  }
  for (std::size_t i = 0; i + window.ties < window.order.size(); i++) {  // ties go by all keys
    const RowOrder& key = window.order[i];
    const bool first = out.back() == '(';
    out += (i > 0   ? ", "
            : first ? "ORDER BY "
                    : " ORDER BY ") +
           expression(key.key) + (key.descending ? " DESC" : " ASC") +
           (key.nulls_first ? " NULLS FIRST" : " NULLS LAST");
  }
  switch (window.frame) {
    case Frame::partition: break;
    case Frame::rows: out += " ROWS UNBOUNDED PRECEDING"; break;
    case Frame::peers: out += " RANGE UNBOUNDED PRECEDING"; break;
    case Frame::offsets:
      out += " ROWS " + std::to_string(window.first) + " TO " + std::to_string(window.last);
      break;
  }
  return out + ")";
}

// FROM and WHERE of a join step.
std::string Printer::joined(const Step& step) const {
  constexpr std::string_view kWords[] = {" JOIN ",      " LEFT JOIN ", " RIGHT JOIN ",
                                         " FULL JOIN ", " SEMI JOIN ", " ANTI JOIN "};
  std::string out = " FROM ";
  for (std::size_t i = 0; i < step.inputs.size(); i++) {
    const Input& input = step.inputs[i];
    if (i > 0) out += kWords[static_cast<std::size_t>(input.kind)];
    out += source(input.source) + " AS t" + std::to_string(i);
    if (i > 0) out += " ON SAME person";
    if (input.has_condition) out += " AND " + expression(input.condition);
  }
  if (step.has_filter) out += " WHERE " + expression(step.filter);
  return out;
}

std::string Printer::step(const Step& step) const {
  const auto named = [](std::string text, std::size_t place) {
    return ", " + std::move(text) + " AS c" + std::to_string(place);
  };
  std::string out;
  if (step.kind == StepKind::append) {
    for (std::size_t i = 0; i < step.inputs.size(); i++) {
      if (i > 0) out += step.distinct ? " UNION " : " UNION ALL ";
      out += "FROM " + source(step.inputs[i].source);
    }
    for (const Expression& column : step.columns) out += ", " + expression(column);
    return out;
  }
  out = step.distinct ? "SELECT DISTINCT person" : "SELECT person";
  if (step.kind == StepKind::window) {
    out += ", t0.*";
    for (std::size_t i = 0; i < step.windows.size(); i++) {
      out += named(window(step.windows[i], false), step.columns.size() + i);
    }
    return out + " FROM " + source(step.inputs[0].source) + " AS t0";
  }
  for (std::size_t i = 0; i < step.columns.size(); i++) {
    const Expression& column = step.columns[i];
    const bool null = column.op == Op::null;  // whose type nothing beside it tells
    out += named(null ? "CAST(NULL AS " + std::string(type_name(column.type.type)) + " " +
                            std::to_string(column.type.scale) + ")"
                      : expression(column),
                 i);
  }
  for (std::size_t i = 0; i < step.aggregates.size(); i++) {
    out += named(row_value(step.aggregates[i], 0), step.columns.size() + i);
  }
  out += joined(step);
  if (step.kind == StepKind::group) {
    out += " GROUP BY person";
    for (const Expression& key : step.columns) out += ", " + expression(key);
  }
  return out;
}

std::string Printer::from() const {
  if (!query_->steps.empty()) return " FROM " + source(sources_[0]) + " AS t0";
  std::string out = " FROM ";
  for (std::uint32_t i = 0; i < query_->relations.size(); i++) {
    if (i > 0) out += " JOIN ";
    out += query_->relations[i].table_name + " AS t" + std::to_string(i);
    if (i > 0) out += " ON (" + person(0) + " = " + person(i) + ")";
  }
  return out;
}

std::string Printer::post() const {
  const PostProcessing& post = query_->post;
  std::string out;
  if (post.has_having) out += " HAVING " + expression(post.having);
  if (post.has_qualify) out += " QUALIFY " + expression(post.qualify);
  for (std::size_t i = 0; i < post.order.size(); i++) {
    const SortKey& key = post.order[i];
    out += (i == 0 ? " ORDER BY " : ", ") + expression(key.key) +
           (key.descending ? " DESC" : " ASC") + (key.nulls_first ? " NULLS FIRST" : " NULLS LAST");
  }
  if (post.limit) out += " LIMIT " + std::to_string(*post.limit);
  if (post.offset > 0) out += " OFFSET " + std::to_string(post.offset);
  return out;
}

std::string Printer::statement() const {
  std::string out;
  for (std::size_t i = 0; i < query_->steps.size(); i++) {
    const Step& one = query_->steps[i];
    out += (i == 0 ? "WITH " : ", ") + step_letters(*catalog_) + std::to_string(i) + " AS (" +
           Printer(one, *query_, *catalog_).step(one) + ")";
  }
  if (!out.empty()) out += " ";
  out += query_->lists ? "SELECT DISTINCT " : "SELECT ";
  for (std::size_t i = 0; i < query_->items.size(); i++) {
    const Item& item = query_->items[i];
    if (item.input) break;
    if (i > 0) out += ", ";
    out += shown(item) + " AS " + quoted(item.name, '"');
  }
  out += from();
  if (query_->has_filter) out += " WHERE " + expression(query_->filter);
  for (std::size_t i = 0; i < query_->groups.size() && !query_->lists; i++) {
    out += (i == 0 ? " GROUP BY " : ", ") + expression(query_->groups[i]);
  }
  return out + post();
}

}  // namespace

std::string print(const Query& query, const Catalog& catalog) {
  return Printer(query, catalog).statement();
}

std::string print(const Step& step, const Query& query, const Catalog& catalog) {
  return Printer(step, query, catalog).step(step);
}

std::string print(const Expression& part, const Step& step, const Query& query,
                  const Catalog& catalog) {
  return Printer(step, query, catalog).expression(part);
}

std::string print(const Expression& part, const Query& query, const Catalog& catalog) {
  return Printer(query, catalog).expression(part);
}

std::string print(const AggregateCall& part, const Query& query, const Catalog& catalog) {
  return Printer(query, catalog).aggregate(part);
}

}  // namespace gbx::sql
