// Random statements (statement_generator.h), and mutations of them and of their syntax trees:
// parsed, bound, checked, rendered and run without noise. What is accepted is held against three
// things: DuckDB's answer to the text itself, where bounds do not bite; the merge engine; and, on
// neighbouring data, the stability that its plan is calibrated for. No outcome may be a crash.
//
// GBX_STATEMENTS says how many there are of each; the long run has 10,000.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>

#include "engine/duckdb/render.h"
#include "engine/merge/merge.h"
#include "engine/testing/match.h"
#include "engine/testing/reference.h"
#include "tests/sql/rooms.h"
#include "tests/sql/small_tables.h"
#include "tests/sql/statement_generator.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/sql/post_process.h"
#include "trusted/sql/released_value.h"

namespace gbx::testing {
namespace {

using firewall::CheckedQuery;
using firewall::OutputKind;

constexpr std::size_t kStatementsEach = 400;
constexpr std::size_t kStatementsOfOneData = 100;

std::size_t statement_count() {
  const char* many = std::getenv("GBX_STATEMENTS");
  return many == nullptr ? kStatementsEach : std::strtoul(many, nullptr, 10);
}

// --- the answer without noise ---

std::string shown(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number == nullptr ? "NULL" : format_value(*number, type);
}

// What a room would answer if noise were zero and nothing withheld. Not for quantiles.
Rows exact_answer(const CheckedQuery& query, const std::vector<sql::GroupRow>& groups) {
  std::vector<std::vector<Cell>> all;
  for (const sql::GroupRow& group : groups) {
    std::vector<Int128> statistics = {group.persons};
    statistics.insert(statistics.end(), group.sums.begin(), group.sums.end());
    all.push_back(firewall::assemble(query, group.key, statistics));
  }
  Rows out;
  const sql::PostProcessed processed = sql::post_process(query.post(), std::move(all));
  for (const std::size_t place : processed.shown) {
    const std::vector<Cell>& cells = processed.rows[place];
    std::vector<std::string>& row = out.emplace_back();
    for (const sql::Item& item : query.items()) {
      if (item.input) continue;
      row.push_back(item.formula ? shown(sql::released_value(*item.formula, sql::known(cells)),
                                         item.formula->type)
                                 : shown(cells[item.output], query.outputs()[item.output].type));
    }
  }
  return out;
}

// A sum of nothing is 0 here and NULL there; date_trunc yields a date here and a timestamp there.
void make_alike(Rows& rows, const CheckedQuery& query) {
  for (std::vector<std::string>& row : rows) {
    for (std::size_t c = 0; c < row.size(); c++) {
      if (query.items()[c].formula) continue;
      const firewall::Output& output = query.outputs()[query.items()[c].output];
      if (output.kind != OutputKind::group && row[c] == "NULL")
        row[c] = format_value(0, output.type);
      if (output.type.type == Type::date && row[c].size() > 10) row[c].resize(10);
      // 00:00:00.000190 here, 00:00:00.00019 there
      if (output.type.type == Type::timestamp && row[c].find('.') != std::string::npos) {
        row[c].erase(row[c].find_last_not_of('0') + 1);
      }
    }
  }
  std::sort(rows.begin(), rows.end());
}

// --- one statement ---

struct Tally {
  std::size_t accepted = 0;
  std::size_t compared = 0;
  std::size_t with_steps = 0;
  std::size_t moving = 0;
  std::size_t tight = 0;  // where more than half of what is allowed was changed
  std::map<std::string, std::size_t> refused;
};

std::optional<CheckedQuery> admitted(std::string_view tree, const std::string& sql,
                                     const policy::VerifiedPolicy& policy, Tally& tally) {
  auto query = firewall::admit(tree, sql, policy, {"shopgood", 0});
  if (!query) {
    tally.refused[std::string(query.error().reason.view())]++;
    EXPECT_LE(query.error().where.end, sql.size()) << sql;
    return std::nullopt;
  }
  tally.accepted++;
  if (!query->task().steps.empty()) tally.with_steps++;
  if (query->plan().replaces) tally.moving++;
  return std::move(query).value();
}

void render_all(const sql::Task& task) {
  for (std::size_t i = 0; i < task.steps.size(); i++) {
    EXPECT_FALSE(engine::render_step(task, i).empty());
    engine::render_drops(task, i);
  }
  const std::string main =
      task.groups.empty() ? engine::render_ungrouped(task) : engine::render_partials(task);
  EXPECT_FALSE(main.empty());
  for (std::size_t m = 0; m < task.measures.size(); m++) {
    if (sql::keeps_values(task.measures[m].kind)) engine::render_values(task, m);
  }
}

void expect_merge_agrees(const std::string& sql, const sql::Task& task,
                         const std::vector<const engine::MemoryTable*>& used,
                         const Result<std::vector<sql::GroupRow>>& groups) {
  SCOPED_TRACE(sql);
  const std::vector<const snapshot::Table*> tables(used.begin(), used.end());
  engine::expect_same(engine::run_merge(task, tables, {}), groups);
}

void report(const char* what, const Tally& tally) {
  std::printf(
      "%s: %zu accepted (%zu with steps, %zu where persons move), %zu compared, %zu tight\n", what,
      tally.accepted, tally.with_steps, tally.moving, tally.compared, tally.tight);
  if (std::getenv("GBX_SHOW_REFUSED") == nullptr) return;
  for (const auto& [reason, count] : tally.refused) {
    std::printf("  %6zu %s\n", count, reason.c_str());
  }
}

// --- tests ---

TEST(Fuzz, GeneratedStatementsMeanWhatDuckdbMakesOfThem) {
  const auto policy = room_called("exact");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  Tally tally;
  for (std::uint64_t seed = 0; tally.compared < statement_count(); seed++) {
    ASSERT_LT(seed, 100 + statement_count()) << "too few statements are accepted";
    std::mt19937_64 random(seed);
    const Tables tables = random_tables(policy->policy(), 5, random);
    SmallDuckdb duckdb;
    duckdb.load(policy->policy(), tables);
    StatementGenerator generator(policy->policy(), seed, true);
    for (std::size_t i = 0; i < kStatementsOfOneData; i++) {
      const std::string sql = generator.next();
      const auto query = admitted(parser.tree(sql), sql, *policy, tally);
      if (!query) continue;
      const auto used = tables_of(query->task(), tables);
      const auto groups = engine::run_reference(query->task(), used);
      ASSERT_TRUE(groups) << sql << groups.error().reason.view();
      // A grouping set has a row of nothing in SQL; here nobody is in it, so it is not there.
      if (groups->empty()) continue;
      Rows ours = exact_answer(*query, *groups);
      std::optional<Rows> theirs = duckdb.run_if_it_can(sql);
      if (!theirs) continue;
      make_alike(ours, *query);
      make_alike(*theirs, *query);
      ASSERT_EQ(ours, *theirs) << "seed " << seed << "\n" << sql << "\n" << query->canonical();
      expect_merge_agrees(sql + query->canonical(), query->task(), used, groups);
      tally.compared++;
    }
  }
  report("meaning", tally);
  EXPECT_GT(tally.with_steps, tally.accepted / 2);
}

// Data whose persons have more rows and groups than may count.
class Neighbours {
 public:
  explicit Neighbours(const policy::VerifiedPolicy& policy) : policy_(&policy) { renew(0); }
  void renew(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    tables_ = random_tables(policy_->policy(), 9, random);
  }
  void hold(const CheckedQuery& query, const std::string& what, Tally& tally) const {
    render_all(query.task());
    const Moves moves = moves_of(query, tables_, 3);
    EXPECT_TRUE(moves.within()) << what << "\n"
                                << query.canonical() << "\nL1 " << static_cast<double>(moves.most)
                                << ", L2 squared " << static_cast<double>(moves.squares)
                                << ", groups " << static_cast<double>(moves.groups) << ", allowed "
                                << static_cast<double>(moves.allowed);
    tally.compared++;
    if (2 * moves.most > moves.allowed) tally.tight++;
  }

 private:
  const policy::VerifiedPolicy* policy_;
  Tables tables_;
};

TEST(Fuzz, NobodyChangesMoreThanThePlanOfAGeneratedStatementSays) {
  for (const char* room : {"moving", "two_parties"}) {
    const auto policy = room_called(room);
    ASSERT_TRUE(policy);
    DuckdbParser parser;
    Tally tally;
    Neighbours neighbours(*policy);
    for (std::uint64_t seed = 0; tally.compared < statement_count() / 2; seed++) {
      ASSERT_LT(seed, 100 + statement_count()) << "too few statements are accepted";
      neighbours.renew(seed);
      StatementGenerator generator(policy->policy(), 1'000'000 + seed, false);
      for (std::size_t i = 0; i < kStatementsOfOneData; i++) {
        const std::string sql = generator.next();
        const auto query = admitted(parser.tree(sql), sql, *policy, tally);
        if (query) neighbours.hold(*query, sql, tally);
      }
    }
    report(room, tally);
    EXPECT_GT(tally.tight, tally.compared / 4);  // half the noise would be too little
  }
}

// --- mutations ---

// What a token is to a mutation: names with their table, other words, numbers, texts, operators.
enum class Kind : std::uint8_t { column, word, number, text, comparison, other };

Kind kind_of(const std::string& token) {
  if (token[0] == '\'') return Kind::text;
  if (std::isdigit(static_cast<unsigned char>(token[0])) != 0) return Kind::number;
  if (std::isalpha(static_cast<unsigned char>(token[0])) != 0) {
    return token.find('.') == std::string::npos ? Kind::word : Kind::column;
  }
  return std::string("<>=").find(token[0]) == std::string::npos ? Kind::other : Kind::comparison;
}

std::vector<std::string> tokens_of(const std::string& sql) {
  const auto word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  };
  const auto compares = [](char c) { return c == '<' || c == '>' || c == '='; };
  std::vector<std::string> out;
  for (std::size_t i = 0; i < sql.size();) {
    std::size_t end = i + 1;
    if (sql[i] == '\'') {
      while (end < sql.size() && sql[end] != '\'') end++;
      end = std::min(end + 1, sql.size());
    } else if (word(sql[i])) {
      while (end < sql.size() && word(sql[end])) end++;
    } else if (compares(sql[i])) {
      while (end < sql.size() && compares(sql[end])) end++;
    }
    if (sql[i] != ' ') out.push_back(sql.substr(i, end - i));
    i = end;
  }
  return out;
}

// Some token of `tokens` of that kind; nullptr where there is none.
const std::string* token_like(const std::vector<std::string>& tokens, Kind kind,
                              std::mt19937_64& random) {
  const std::size_t from = random() % tokens.size();
  for (std::size_t i = 0; i < tokens.size(); i++) {
    const std::string& token = tokens[(from + i) % tokens.size()];
    if (kind_of(token) == kind) return &token;
  }
  return nullptr;
}

// A few tokens of `sql` become others of their kind, or are left out, doubled or moved.
std::string mutated(const std::string& sql, const std::string& other, std::mt19937_64& random) {
  std::vector<std::string> tokens = tokens_of(sql);
  const std::vector<std::string> donors = tokens_of(other);
  for (std::uint64_t i = random() % 3 + 1; i > 0 && tokens.size() > 2; i--) {
    const std::size_t at = random() % tokens.size();
    const auto place = tokens.begin() + static_cast<std::ptrdiff_t>(at);
    const std::uint64_t how = random() % 12;
    if (how == 0) {
      tokens.erase(place);
    } else if (how == 1) {
      const std::string& extra = donors[random() % donors.size()];
      tokens.insert(place, extra);
    } else if (how == 2) {
      std::swap(tokens[at], tokens[random() % tokens.size()]);
    } else if (how < 8) {
      if (const std::string* same = token_like(tokens, kind_of(tokens[at]), random)) {
        tokens[at] = std::string(*same);
      }
    } else if (const std::string* same = token_like(donors, kind_of(tokens[at]), random)) {
      tokens[at] = *same;
    }
  }
  std::string out;
  for (const std::string& token : tokens) out += (out.empty() ? "" : " ") + token;
  return out;
}

TEST(Fuzz, MutatedStatementsAreRefusedOrBounded) {
  const auto policy = room_called("moving");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  Tally tally;
  Neighbours neighbours(*policy);
  std::mt19937_64 random(11);
  StatementGenerator generator(policy->policy(), 12, false);
  std::string other = generator.next();
  for (std::size_t i = 0; i < 5 * statement_count(); i++) {
    const std::string sql = generator.next();
    const std::string text = mutated(sql, other, random);
    const auto query = admitted(parser.tree(text), text, *policy, tally);
    if (query) neighbours.hold(*query, text, tally);
    other = sql;
  }
  report("mutated", tally);
  EXPECT_GT(tally.compared, statement_count() / 10);
  EXPECT_GT(tally.refused.size(), 20U);
}

// A tree that a worker made up: parts of it are replaced by parts of another.
void collect(Json& json, std::vector<Json*>& out) {
  out.push_back(&json);
  if (const auto* object = json.object()) {
    for (const auto& member : *object) collect(const_cast<Json&>(member.second), out);
  } else if (const auto* array = json.array()) {
    for (const Json& item : *array) collect(const_cast<Json&>(item), out);
  }
}

bool alike(const Json& a, const Json& b) {
  return (a.object() != nullptr) == (b.object() != nullptr) &&
         (a.array() != nullptr) == (b.array() != nullptr) &&
         (a.string() != nullptr) == (b.string() != nullptr) &&
         (a.integer() != nullptr) == (b.integer() != nullptr);
}

TEST(Fuzz, ForgedTreesAreRefusedOrBounded) {
  const auto policy = room_called("moving");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  Tally tally;
  Neighbours neighbours(*policy);
  std::mt19937_64 random(13);
  StatementGenerator generator(policy->policy(), 14, false);
  std::string sql = generator.next();
  Json donor = *Json::parse(parser.tree(sql));
  for (std::size_t i = 0; i < 5 * statement_count(); i++) {
    sql = generator.next();
    Json tree = *Json::parse(parser.tree(sql));
    const Json whole = tree;
    std::vector<Json*> places;
    std::vector<Json*> parts;
    collect(tree, places);
    collect(donor, parts);
    for (int attempt = 0; attempt < 20; attempt++) {
      Json* place = places[random() % places.size()];
      const Json* part = parts[random() % parts.size()];
      if (place == &tree || !alike(*place, *part)) continue;
      const Json copy = *part;
      *place = copy;
      break;
    }
    const auto query = admitted(tree.canonical(), sql, *policy, tally);
    if (query) neighbours.hold(*query, tree.canonical(), tally);
    donor = whole;
  }
  report("forged", tally);
  EXPECT_GT(tally.compared, statement_count() / 10);
}

}  // namespace
}  // namespace gbx::testing
