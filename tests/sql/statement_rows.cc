// Sub-selects of random statements: rows that are made person by person.

#include "tests/sql/statement_generator.h"

namespace gbx::testing {

StatementGenerator::Scope StatementGenerator::subselect(int depth) {
  if (chance(8)) return set_operation(depth);
  switch (below(6)) {
    case 0:
    case 1: return projection(depth);
    case 2:
    case 3: return grouped(depth);
    case 4: return windowed();
    default: return united(depth);
  }
}

StatementGenerator::Scope StatementGenerator::projection(int depth) {
  const Scope inner = from(depth, 2);
  Scope out;
  out.person = "hashed_email";
  std::string items = inner.person + " AS hashed_email";
  for (const Column& column : inner.columns) {
    if (!chance(60)) continue;
    const std::string name = fresh("c");
    items += ", " + column.name + " AS " + name;
    out.columns.push_back({name, column.type, column.group, column.sum, false, column.bounded});
  }
  if (chance(30)) {
    const std::string name = fresh("c");
    items += ", (" + condition(inner, 1) + ") AS " + name;
    out.columns.push_back({name, {Type::boolean, 0}});
  }
  out.sql = "(SELECT " + std::string(chance(15) ? "DISTINCT " : "") + items + " FROM " + inner.sql +
            where(inner, depth) + ")";
  return out;
}

StatementGenerator::Scope StatementGenerator::grouped(int depth) {
  const Scope inner = from(depth, 2);
  Scope out;
  out.person = "hashed_email";
  std::string items = inner.person + " AS hashed_email";
  std::string groups = inner.person;
  const auto item = [&](const std::string& sql, Column column) {
    column.name = fresh("c");
    items += ", " + sql + " AS " + column.name;
    out.columns.push_back(column);
  };
  if (chance(35)) {
    if (const Column* by = pick(inner, [](const Column& c) { return c.group; })) {
      item(by->name, {"", by->type, true, by->sum, false, by->bounded});
      groups += ", " + by->name;
    }
  }
  if (chance(60)) item("COUNT(*)", {"", kInteger, true, true, false, true});
  if (const Column* of = pick(inner, [](const Column& c) { return c.sum; })) {
    if (chance(60)) item("SUM(" + of->name + ")", {"", of->type, false, true, false, true});
    if (chance(30)) item("MAX(" + of->name + ")", {"", of->type, of->group, true, false, true});
    if (!comparable_ && chance(20))
      item("AVG(" + of->name + ")", {"", of->type, false, true, false, true});
  }
  if (const Column* of = pick(inner, [](const Column& c) { return c.group; })) {
    if (chance(30)) item("MIN(" + of->name + ")", {"", of->type, true, false, false, of->bounded});
    if (chance(20))
      item("COUNT(DISTINCT " + of->name + ")", {"", kInteger, true, true, false, true});
  }
  out.sql = "(SELECT " + items + " FROM " + inner.sql + where(inner, depth) + " GROUP BY " + groups;
  if (chance(20)) out.sql += " HAVING COUNT(*) > " + std::to_string(below(3));
  out.sql += ")";
  return out;
}

StatementGenerator::Scope StatementGenerator::windowed() {
  const Scope inner = table(fresh("r"));
  Scope out;
  out.person = "hashed_email";
  std::string items = inner.person + " AS hashed_email";
  for (const Column& column : inner.columns) {
    if (!chance(50)) continue;
    const std::string name = fresh("c");
    items += ", " + column.name + " AS " + name;
    out.columns.push_back(
        {name, column.type, column.group, column.sum, column.unique, column.bounded});
  }
  const Column* key = comparable_ ? pick(inner, [](const Column& c) { return c.unique; })
                                  : pick(inner, [](const Column&) { return true; });
  const Column* of = pick(inner, [](const Column& c) { return c.sum || c.group; });
  if (key == nullptr || of == nullptr)
    return {"(SELECT hashed_email FROM purchases)", "hashed_email", {}};
  std::string over = " OVER (PARTITION BY " + inner.person;
  if (chance(25)) over += ", " + of->name;
  over += " ORDER BY " + key->name + (chance(40) ? " DESC" : "");
  if (chance(35)) {
    over += one_of({" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", " ROWS 1 PRECEDING",
                    " ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING",
                    " ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
                    " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING"});
  }
  over += ")";
  const std::string name = fresh("c");
  const Column like_of{name, of->type, of->group, of->sum, false, of->bounded};
  if (chance(20) && over.find("ROWS") == std::string::npos) {
    const bool whole = of->type == kInteger && of->sum;
    items +=
        ", " +
        (whole ? one_of({"LAG(", "LEAD("}) + of->name + ", " + std::to_string(below(3)) + ", 2)"
               : "NTILE(" + std::to_string(1 + below(4)) + ")") +
        over + " AS " + name;
    out.columns.push_back(
        {name, kInteger, !whole || of->group, true, false, !whole || of->bounded});
  } else if (chance(50)) {
    if (over.find("ROWS") != std::string::npos)
      over.replace(over.find(" ROWS"), std::string::npos, ")");
    items += ", " + one_of({"ROW_NUMBER()", "RANK()", "DENSE_RANK()"}) + over + " AS " + name;
    out.columns.push_back({name, kInteger, true, true, false, true});
  } else if (is_number(of->type) && of->sum && chance(50)) {
    items += ", SUM(" + of->name + ")" + over + " AS " + name;
    out.columns.push_back({name, of->type, false, true, false, true});
  } else {
    const bool shifts = over.find("ROWS") == std::string::npos;
    items += ", " +
             one_of(shifts ? std::vector<std::string>{"LAG(", "LEAD(", "FIRST_VALUE("}
                           : std::vector<std::string>{"FIRST_VALUE(", "LAST_VALUE("}) +
             of->name + ")" + over + " AS " + name;
    out.columns.push_back(like_of);
  }
  out.sql = "(SELECT " + items + " FROM " + inner.sql + where(inner, 0);
  if (chance(30) && out.columns.back().type == kInteger) {
    out.sql += " QUALIFY " + name + " <= " + std::to_string(1 + below(3));
  }
  out.sql += ")";
  return out;
}

StatementGenerator::Scope StatementGenerator::united(int depth) {
  Scope out{"(", "hashed_email", {}};
  const std::string number_name = fresh("c");
  const std::string text_name = fresh("c");
  const std::uint64_t arms = 2 + below(2);
  for (std::uint64_t i = 0; i < arms; i++) {
    const Scope inner = from(depth - 1, 1);
    const Column* whole = pick(inner, [](const Column& c) { return c.sum && c.type == kInteger; });
    const Column* text =
        pick(inner, [](const Column& c) { return c.group && c.type.type == Type::text; });
    if (i > 0) out.sql += chance(75) ? " UNION ALL " : " UNION ";
    const bool other = whole == nullptr || chance(20);
    const std::string number = other ? std::to_string(below(5)) : whole->name;
    const std::string word = text == nullptr || chance(20) ? "'x'" : text->name;
    out.sql += joined({"SELECT", inner.person, "AS hashed_email,", number, "AS", number_name, ",",
                       word, "AS", text_name, "FROM", inner.sql},
                      " ") +
               where(inner, 0);
  }
  out.sql += ")";
  out.columns = {{number_name, kInteger, false, true, false, true},
                 {text_name, {Type::text, 0}, true, false, false, false}};
  return out;
}

StatementGenerator::Scope StatementGenerator::set_operation(int depth) {
  const Scope a = from(depth - 1, 1);
  const Scope b = from(depth - 1, 1);
  return {"(SELECT " + a.person + " AS hashed_email FROM " + a.sql + where(a, 0) +
              one_of({" INTERSECT ", " EXCEPT "}) + "SELECT " + b.person + " FROM " + b.sql +
              where(b, 0) + ")",
          "hashed_email",
          {}};
}

}  // namespace gbx::testing
