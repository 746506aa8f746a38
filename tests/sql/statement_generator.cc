#include "tests/sql/statement_generator.h"

#include <algorithm>

namespace gbx::testing {
namespace {

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

StatementGenerator::StatementGenerator(const policy::Policy& policy, std::uint64_t seed,
                                       bool comparable)
    : policy_(&policy), random_(seed), comparable_(comparable) {}

const StatementGenerator::Column* StatementGenerator::pick(const Scope& scope,
                                                           bool (*fits)(const Column&)) {
  std::vector<const Column*> found;
  for (const Column& column : scope.columns) {
    if (fits(column)) found.push_back(&column);
  }
  return found.empty() ? nullptr : found[below(found.size())];
}

// --- FROM ---

StatementGenerator::Scope StatementGenerator::table(const std::string& alias) {
  const policy::Table& table = policy_->tables[below(policy_->tables.size())];
  Scope out{table.name + " AS " + alias, alias + "." + table.person, {}};
  for (const policy::Column& column : table.columns) {
    if (column.name == table.person) continue;
    bool sum = false;
    bool used = listed(table.rule.dimension_columns, column.name);
    for (const policy::AggregateColumns& aggregate : table.rule.aggregate_columns) {
      if (!listed(aggregate.columns, column.name)) continue;
      used = true;
      sum = sum || aggregate.function == policy::AggregateFunction::sum;
    }
    if (!used && !chance(2)) continue;
    out.columns.push_back({alias + "." + column.name, column.type,
                           listed(table.rule.dimension_columns, column.name), sum,
                           column.type.type == Type::date || column.type.type == Type::timestamp,
                           column.bounded});
  }
  return out;
}

StatementGenerator::Scope StatementGenerator::relation(int depth) {
  const std::string alias = fresh("r");
  if (!named_.empty() && chance(40)) {
    const Scope& named = named_[below(named_.size())];
    Scope out{named.sql + " AS " + alias, alias + "." + named.person, named.columns};
    for (Column& column : out.columns) column.name = alias + "." + column.name;
    return out;
  }
  if (depth <= 0 || chance(55)) return table(alias);
  Scope inner = subselect(depth - 1);
  inner.sql += " AS " + alias;
  inner.person = alias + "." + inner.person;
  for (Column& column : inner.columns) {
    column.name = alias + "." + column.name;
    column.unique = false;
  }
  return inner;
}

void StatementGenerator::join(Scope& left, int depth, bool by_using) {
  Scope right = relation(depth);
  static const std::vector<std::string> kKinds = {"JOIN",      "INNER JOIN", "JOIN",
                                                  "LEFT JOIN", "RIGHT JOIN", "SEMI JOIN",
                                                  "ANTI JOIN", "FULL JOIN"};
  const std::string& kind = kKinds[below(by_using ? 8 : 7)];
  left.sql += " " + kind + " " + right.sql;
  const bool hides = kind == "SEMI JOIN" || kind == "ANTI JOIN";
  if (by_using) {
    left.sql += " USING (hashed_email)";
  } else {
    Scope both = left;
    both.columns.insert(both.columns.end(), right.columns.begin(), right.columns.end());
    left.sql += " ON " + left.person + " = " + right.person;
    if (chance(35)) left.sql += " AND " + condition(both, 1);
    if (chance(1)) left.sql += " OR " + condition(both, 0);
    const bool other = kind == "LEFT JOIN" && chance(15);  // may be absent
    if (kind == "RIGHT JOIN" || other) left.person = right.person;
  }
  for (Column& column : left.columns) column.unique = false;
  if (hides) return;
  for (Column& column : right.columns) {
    column.unique = false;
    left.columns.push_back(column);
  }
}

StatementGenerator::Scope StatementGenerator::from(int depth, int relations_max) {
  Scope out = relation(depth);
  const bool by_using = chance(30);
  const std::uint64_t more = below(static_cast<std::uint64_t>(relations_max));
  if (by_using && more > 0) out.person = "hashed_email";
  for (std::uint64_t i = 0; i < more; i++) join(out, depth - 1, by_using);
  return out;
}

// Rows that the statement writes out, met by a column.
void StatementGenerator::join_written(Scope& scope) {
  const Column* key = pick(scope, [](const Column& c) {
    return c.type.type == Type::text || c.type.type == Type::integer;
  });
  if (key == nullptr) return;
  const bool text = key->type.type == Type::text;
  const std::string rows = text ? "('a', 1, 'p'), ('tv', 2, 'q'), ('x', 3, 'p')"
                                : "(1, 1, 'p'), (3, 2, 'q'), (2, 3, 'p')";
  scope.sql += one_of({" JOIN ", " LEFT JOIN "}) + "(VALUES " + rows + ") AS v(k, w, g) ON " +
               (chance(50) ? "v.k = " + key->name : key->name + " = v.k");
  for (Column& column : scope.columns) column.unique = false;
  scope.columns.push_back({"v.w", kInteger, true, true, false, true});
  scope.columns.push_back({"v.g", {Type::text, 0}, true, false, false, false});
}

// A sub-select around it that shows no person, so that only rows can be counted.
void StatementGenerator::hide_person(Scope& scope) {
  std::vector<std::string> items;
  for (Column& column : scope.columns) {
    const std::string name = fresh("h");
    items.push_back(column.name + " AS " + name);
    column.name = name;
    column.unique = false;
  }
  if (items.empty()) return;
  scope.sql = "(SELECT " + joined(items, ", ") + " FROM " + scope.sql + ") AS hidden";
  scope.person.clear();
}

// --- conditions ---

std::string StatementGenerator::literal(const Column& column) {
  switch (column.type.type) {
    case Type::boolean: return one_of({"TRUE", "FALSE"});
    case Type::text: return one_of({"'a'", "'b'", "'tv'", "'x'", "'A'", "'none'", "''"});
    case Type::date: return one_of({"DATE '2024-01-25'", "DATE '2024-02-20'", "'2024-03-15'"});
    case Type::timestamp:
      return one_of({"TIMESTAMP '2024-10-05 00:00:00'", "'2024-10-07 12:00:00'"});
    case Type::integer: return std::to_string(below(14));
    case Type::decimal: return one_of({"0.05", "0.11", "0", "1", "0.02", "-0.01"});
  }
  return "NULL";
}

std::string StatementGenerator::comparison(const Scope& scope) {
  const Column* column = pick(scope, [](const Column&) { return true; });
  if (column == nullptr || chance(2)) return one_of({"TRUE", "FALSE", "1 = 1"});
  const std::string& name = column->name;
  if (chance(12)) return name + one_of({" IS NULL", " IS NOT NULL"});
  if (chance(8))
    return name + one_of({" IS DISTINCT FROM ", " IS NOT DISTINCT FROM "}) + literal(*column);
  if (column->type.type == Type::boolean && chance(30)) {
    return name + one_of({" IS TRUE", " IS NOT FALSE", " = 1", " IS NOT TRUE", " IS FALSE"});
  }
  if (column->type.type == Type::boolean)
    return chance(60) ? name : name + " = " + literal(*column);
  if (column->type.type == Type::text && chance(40)) {
    return one_of({name + " LIKE '%a%'", "lower(" + name + ") = 'a'", name + " IN ('a', 'tv')",
                   "length(" + name + ") > 1", name + " NOT LIKE 't_'",
                   name + " LIKE '%!%' ESCAPE '!'", name + " || '-' <> 'a-'",
                   "strpos(" + name + ", 'v') = 2", "regexp_matches(" + name + ", '^t|a$')",
                   "replace(" + name + ", 'a', 'bb') > 'b'", "lpad(" + name + ", 2, 'x') = 'xa'",
                   "concat(" + name + ", NULL, 1) <> 'x1'", "coalesce(" + name + ", 'none') <> 'b'",
                   "substring(" + name + ", 1, 1) = 't'"});
  }
  if (column->type.type == Type::date && chance(30)) {
    return one_of({"month(" + name + ") = 2",
                   "date_trunc('month', " + name + ") = DATE '2024-02-01'",
                   "isodow(" + name + ") > 3", name + " + 7 > DATE '2024-02-10'",
                   name + " + INTERVAL '20' DAY > DATE '2024-02-10'",
                   name + " - INTERVAL '1 month' < DATE '2024-02-10'",
                   "date_add(" + name + ", INTERVAL 3 WEEK) > DATE '2024-02-10'",
                   "datediff('month', " + name + ", DATE '2024-02-20') < 2",
                   "date_sub('day', " + name + ", DATE '2024-02-20') <= 9",
                   "date_sub('week', DATE '2024-02-20', " + name + ") > -1",
                   "(month(" + name + "), isodow(" + name + ")) IN ((1, 2), (2, 5), (2, 6))"});
  }
  if (is_number(column->type) && chance(25)) {
    if (chance(20)) return name + " > 2e0";
    return name + " BETWEEN " + literal(*column) + " AND " + literal(*column);
  }
  const std::string op = one_of({"=", "<>", "<", "<=", ">", ">="});
  for (const Column& other : scope.columns) {
    if (&other != column && other.type == column->type && chance(15)) {
      return joined({name, op, other.name}, " ");
    }
  }
  return name + " " + op + " " + literal(*column);
}

std::string StatementGenerator::condition(const Scope& scope, int depth) {
  if (depth <= 0 || chance(40)) return comparison(scope);
  switch (below(5)) {
    case 0: return "(" + condition(scope, depth - 1) + " AND " + condition(scope, depth - 1) + ")";
    case 1: return "(" + condition(scope, depth - 1) + " OR " + condition(scope, depth - 1) + ")";
    case 2: return "NOT (" + condition(scope, depth - 1) + ")";
    case 3:
      return number(scope, 1, false) + one_of({" > ", " <= ", " = "}) + std::to_string(below(9));
    default: return comparison(scope);
  }
}

std::string StatementGenerator::where(const Scope& scope, int depth) {
  std::vector<std::string> parts;
  if (chance(55)) parts.push_back(condition(scope, 2));
  if (depth > 0 && chance(20)) {
    const std::string no = chance(40) ? "NOT " : "";
    Scope inner = from(depth - 1, 1);
    if (chance(50)) {
      Scope both = inner;
      both.columns.insert(both.columns.end(), scope.columns.begin(), scope.columns.end());
      parts.push_back(no + "EXISTS (SELECT 1 FROM " + inner.sql + " WHERE " + inner.person + " = " +
                      scope.person + " AND " + condition(both, 1) + one_of({"", " LIMIT 1"}) + ")");
    } else if (chance(30)) {
      parts.push_back(no + "EXISTS (SELECT COUNT(*) FROM " + inner.sql + " WHERE " + inner.person +
                      " = " + scope.person + " AND " + condition(inner, 1) + " GROUP BY " +
                      inner.person + " HAVING COUNT(*) > " + std::to_string(below(3)) + ")");
    } else {
      parts.push_back(scope.person + " " + no + "IN (SELECT " + inner.person + " FROM " +
                      inner.sql + " WHERE " + condition(inner, 1) + ")");
    }
  }
  return parts.empty() ? "" : " WHERE " + joined(parts, " AND ");
}

// --- values ---

std::string StatementGenerator::number(const Scope& scope, int depth, bool summable) {
  const Column* column =
      summable && !chance(2)
          ? pick(scope, [](const Column& c) { return c.sum && is_number(c.type); })
          : pick(scope, [](const Column& c) { return is_number(c.type) && c.bounded; });
  if (column == nullptr) return std::to_string(below(9));
  const std::string& name = column->name;
  if (depth <= 0 || chance(30)) return name;
  const std::string small = std::to_string(1 + below(5));
  if (chance(20)) return respelled_number(scope, name, small);
  switch (below(comparable_ ? 11 : 13)) {
    case 0: return "(" + number(scope, depth - 1, summable) + " + " + small + ")";
    case 1: return "(" + name + " * " + small + ")";
    case 2: return "(" + name + " - " + number(scope, depth - 1, summable) + ")";
    case 3:
      return "CASE WHEN " + condition(scope, 1) + " THEN " + name + " ELSE " +
             (chance(50) ? "0" : number(scope, depth - 1, summable)) + " END";
    case 4: return "coalesce(" + name + ", " + small + ")";
    case 5: return "abs(" + name + " - " + small + ")";
    case 6: return "clamp(" + name + ", 1, " + std::to_string(3 + below(5)) + ")";
    case 7: return one_of({"greatest(", "least("}) + name + ", " + small + ")";
    case 8: return "nullif(" + name + ", " + small + ")";
    case 9: return "-" + name;
    case 10: return "round(" + name + ", 1)";
    case 11: return "(" + name + one_of({" / ", " // ", " % "}) + small + ")";
    default: return "(" + number(scope, depth - 1, summable) + " / " + name + ")";
  }
}

std::string StatementGenerator::respelled_number(const Scope& scope, const std::string& name,
                                                 const std::string& small) {
  switch (below(8)) {
    case 0: return (comparable_ ? "square(" : "pow(") + name + (comparable_ ? ")" : ", 2)");
    case 1: return "CAST((" + condition(scope, 0) + ") AS INTEGER)";
    case 2: return "iff(" + condition(scope, 0) + ", " + name + ", " + small + ")";
    case 3: return "width_bucket(" + name + ", 1, 9, " + small + ")";
    case 4: return "zeroifnull(" + name + ")";
    case 5: return "nvl2(" + name + ", " + small + ", 0)";
    case 6: return "square(" + name + " - " + small + ")";
    default: return "nullifzero(" + name + ")";
  }
}

std::string StatementGenerator::dimension(const Scope& scope) {
  const Column* column = chance(3) ? pick(scope, [](const Column&) { return true; })
                                   : pick(scope, [](const Column& c) { return c.group; });
  if (column == nullptr) return "";
  const std::string& name = column->name;
  if (chance(60)) return name;
  switch (column->type.type) {
    case Type::text:
      return one_of({"lower(" + name + ")", "substring(" + name + ", 1, 1)",
                     "CASE WHEN " + name + " = 'a' THEN 'one' ELSE 'other' END",
                     "coalesce(" + name + ", 'none')", "length(" + name + ")", name + " || '!'",
                     "concat('<', " + name + ")", "reverse(" + name + ")",
                     "replace(" + name + ", 't', 'long')", "split_part(" + name + ", 't', 2)",
                     "trim(" + name + ", 'av')", "rpad(" + name + ", 3, '.')",
                     "strpos(" + name + ", 'v')"});
    case Type::date:
      return one_of({"month(" + name + ")", "date_trunc('month', " + name + ")",
                     "isodow(" + name + ")", "last_day(" + name + ")", "dayname(" + name + ")",
                     "monthname(" + name + ")", "strftime(" + name + ", '%Y-%m')",
                     "strftime(" + name + ", '%a %d')",
                     "year(" + name + ") || '-' || month(" + name + ")"});
    case Type::integer:
      return one_of({"least(" + name + ", 3)", "(" + name + " > 2)", name,
                     "CAST(clamp(" + name + ", 0, 9) AS VARCHAR)"});
    case Type::timestamp:
      return one_of({"hour(" + name + ")", "date_trunc('day', " + name + ")",
                     "strftime(" + name + ", '%H:%M')"});
    case Type::boolean: return one_of({name, name + "::VARCHAR"});
    case Type::decimal: return name;
  }
  return name;
}

std::string StatementGenerator::aggregate(const Scope& scope) {
  std::string filter;
  if (chance(15)) filter = " FILTER (WHERE " + condition(scope, 1) + ")";
  const Column* any = pick(scope, [](const Column&) { return true; });
  const std::string name = any == nullptr ? "1" : any->name;
  if (scope.person.empty() && chance(50)) return "COUNT(*)" + filter;
  if (chance(8) && !scope.person.empty()) {
    return "COUNT(DISTINCT CASE WHEN " + condition(scope, 1) + " THEN " + scope.person + " END)" +
           filter;
  }
  switch (below(comparable_ ? 9 : 14)) {
    case 0: return "COUNT(*)" + filter;
    case 1:
    case 2:
      if (scope.person.empty()) return "COUNT(" + name + ")" + filter;
      return "COUNT(DISTINCT " + scope.person + ")" + filter;
    case 3:
    case 4:
    case 5: return "SUM(" + number(scope, 2, true) + ")" + filter;
    case 6: return "COUNT(" + number(scope, 0, true) + ")" + filter;
    case 7: return "COUNT(DISTINCT " + name + ")" + filter;
    case 8: return "COUNT_IF(" + condition(scope, 1) + ")";
    case 9: return "AVG(" + number(scope, 1, true) + ")" + filter;
    case 10: return one_of({"VARIANCE(", "STDDEV_POP("}) + number(scope, 0, true) + ")" + filter;
    case 11:
      return chance(50) ? "quantile_cont(" + number(scope, 0, true) + ", 0.25)"
                        : "PERCENTILE_CONT(0.3) WITHIN GROUP (ORDER BY " + number(scope, 0, true) +
                              " DESC)";
    case 12: return "APPROX_BOUNDS_HIGH(" + number(scope, 0, true) + ")";
    default: return "COUNT_BOUNDED()";
  }
}

// --- the statement ---

// Over the rows of the answer; where places matter, in an order that ends with all groups.
std::string StatementGenerator::answer_window(const std::vector<std::string>& groups, bool plain) {
  const std::string part = chance(40) ? "PARTITION BY " + groups[0] + " " : "";
  const std::string over = ") OVER (" + part;
  if (!plain || chance(50)) {
    const std::string by = chance(50) ? "ORDER BY COUNT(*) DESC" : "";
    return one_of({"RANK(" + over + "ORDER BY COUNT(*) DESC)", "SUM(COUNT(*)" + over + by + ")",
                   "DENSE_RANK(" + over + "ORDER BY COUNT(*))", "MAX(COUNT(*)" + over + by + ")",
                   "COUNT(*" + over + by + ")", "COUNT(*) - MIN(COUNT(*)" + over + ")"});
  }
  const std::string by = "ORDER BY COUNT(*), " + joined(groups, ", ");
  const std::string rows = by + " ROWS BETWEEN " + std::to_string(below(3)) + " PRECEDING AND " +
                           std::to_string(below(3)) + " FOLLOWING)";
  return one_of({"ROW_NUMBER(" + over + by + ")", "NTILE(3" + over + by + ")",
                 "LAG(COUNT(*)" + over + by + ")", "LEAD(COUNT(*), 2, 7" + over + by + ")",
                 "SUM(COUNT(*)" + over + rows, "MIN(COUNT(*)" + over + rows,
                 "FIRST_VALUE(COUNT(*)" + over + rows,
                 "COUNT(*) - LAG(COUNT(*)" + over + by + ")"});
}

std::string StatementGenerator::groups_clause(const std::vector<std::string>& groups, bool& plain) {
  if (groups.empty()) return "";
  plain = !chance(15);
  if (plain) return " GROUP BY " + (chance(15) ? "ALL" : joined(groups, ", "));
  if (groups.size() == 1 || chance(50)) return " GROUP BY ROLLUP (" + joined(groups, ", ") + ")";
  if (chance(50)) return " GROUP BY CUBE (" + joined(groups, ", ") + ")";
  return " GROUP BY GROUPING SETS ((" + joined(groups, "), (") + "))";
}

std::string StatementGenerator::next() {
  count_ = 0;
  with_.clear();
  named_.clear();
  for (std::uint64_t i = chance(25) ? 1 + below(2) : 0; i > 0; i--) {
    Scope named = subselect(1);
    const std::string name = fresh("w");
    with_ += (with_.empty() ? "WITH " : ", ") + name + " AS " + named.sql;
    named.sql = name;
    named_.push_back(named);
  }
  Scope scope = from(2, 3);
  if (chance(12)) join_written(scope);
  if (chance(10)) hide_person(scope);
  std::vector<std::string> groups;
  for (std::uint64_t i = below(3); i > 0; i--) {
    const std::string group = dimension(scope);
    if (!group.empty() && !listed(groups, group)) groups.push_back(group);
  }
  std::vector<std::string> items;
  for (const std::string& group : groups) items.push_back(group + " AS " + fresh("g"));
  const std::uint64_t aggregates = groups.empty() ? 1 + below(3) : below(4);
  for (std::uint64_t i = 0; i < aggregates; i++)
    items.push_back(aggregate(scope) + " AS " + fresh("a"));
  if (items.empty()) items.emplace_back("COUNT(*) AS n");
  bool plain = true;
  const std::string condition = where(scope, scope.person.empty() ? 0 : 2);
  const std::string by = groups_clause(groups, plain);
  if (!plain && chance(50) && groups[0].find('(') == std::string::npos) {
    items.push_back("GROUPING(" + groups[0] + ") AS set_bit");
  }
  // DuckDB has no windows beside GROUP BY ALL.
  const bool windows = !groups.empty() && by.find(" ALL") == std::string::npos;
  if (windows && chance(20)) {
    items.push_back(answer_window(groups, plain) + " AS " + fresh("o"));
  }
  std::string out = with_ + (with_.empty() ? "" : " ") + "SELECT " +
                    (plain && chance(8) ? "DISTINCT " : "") + joined(items, ", ") + " FROM " +
                    scope.sql + condition + by;
  if (!groups.empty() && chance(15)) out += " HAVING COUNT(*) > " + std::to_string(below(4));
  if (windows && chance(10)) {
    out += " QUALIFY " + answer_window(groups, plain) + " <= " + std::to_string(1 + below(4));
  }
  if (plain && !groups.empty() && chance(10)) {
    out += " ORDER BY ";
    for (std::size_t i = 1; i <= groups.size(); i++) out += (i > 1 ? ", " : "") + std::to_string(i);
    out += " LIMIT " + std::to_string(1 + below(5));
  }
  if (chance(8)) out = "SELECT * FROM (" + out + ") AS answer";
  return out;
}

}  // namespace gbx::testing
