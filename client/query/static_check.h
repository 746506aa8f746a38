#pragma once

// Verdicts on queries without a room and without data: what a policy's rules say of a text, which
// may come from anybody. The same code decides as in a room; what only a room knows (the ledger,
// rations, which tables are there) is not asked.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/database.h"
#include "trusted/firewall/check.h"
#include "trusted/firewall/derived.h"
#include "trusted/packet/answer.h"
#include "trusted/packet/request.h"

namespace gbx::client {

struct Statement {
  std::string text;  // without the semicolon, and without comments and space around it
  Span where;        // in the file
};

// The statements of a file: between semicolons outside of quotes and comments. Empty ones are left
// out. Texts that are no SQL are statements too.
std::vector<Statement> split_statements(std::string_view text);

struct Verdict {
  bool accepted = false;
  // Refused.
  ErrorCode code = ErrorCode::invalid_argument;
  std::string reason;
  Span where;  // in the statement
  // Accepted.
  std::string canonical;                // the query in its one spelling
  std::string path;                     // "merge": one pass over the sorted snapshots
  std::vector<std::string> tables;      // touched, each once
  std::vector<std::string> derived;     // that it stands on, by name, in the order of definition
  std::vector<std::string> persons;     // "table.column" of the privacy unit in each
  bool lists = false;                   // persons; then people_min is the least audience
  std::int64_t people_min = 0;          // no row of the answer stands for fewer
  std::uint32_t groups_per_person = 0;  // groups that one person can be in
  std::uint32_t rows_per_group = 0;     // joined rows of one person that count in one group
  std::int64_t rows_of_person = 0;      // rows of one person at most, before bounding
  bool replaces = false;                // priced for a person who moves between groups
  privacy::Accounting accounting = privacy::Accounting::pure;
  privacy::Price price;
  struct Column {
    std::string name;
    bool noised = false;
    std::int64_t half_width = 0;  // 95 %, in units of the last digit; counts and sums only, else 0
    std::uint8_t scale = 0;
    std::uint64_t loss = 0;  // of unseen: its part of the price, which no column needs
  };
  std::vector<Column> columns;
  // What only HAVING or ORDER BY reads: noised and paid for like a column, and not in the answer.
  std::vector<Column> unseen;
};

class StaticCheck {
 public:
  // Fails with unavailable ("engine_failed") when there is no parser.
  static Result<StaticCheck> make(policy::VerifiedPolicy policy);

  // From here on questions may name it, as `member` defined it. Fails as a room would; what only a
  // room knows (time, vetoes, shares) is not asked.
  Result<firewall::DerivedTable> define(const std::string& name, const std::string& sql,
                                        const std::string& member);
  // What was defined, in order.
  [[nodiscard]] const std::vector<sql::Derived>& derived() const { return derived_; }
  // What `member`, a name of the policy or not, would hear. `sql` is parsed in this process.
  [[nodiscard]] Verdict check(std::string_view sql, const std::string& member) const;
  // The same of a template of the policy.
  [[nodiscard]] Verdict check(const packet::TemplateCall& call, const std::string& member) const;
  // Whether the columns of a verified answer are those that its question asks for, as this program
  // reads the question under the policy: the text in its one spelling, and by column the name, the
  // type and the formula. Fails with unverified (statement_query_differs, result_columns_differ);
  // also when this program would not let the question pass, or reads it otherwise than the room's
  // version did. Derived tables are those of the predicate, and none that was defined here.
  [[nodiscard]] Status confirm(const packet::AnswerTable& table,
                               const packet::AnswerPredicate& predicate,
                               const packet::Request& request) const;
  [[nodiscard]] const policy::Policy& policy() const { return policy_.policy(); }

 private:
  StaticCheck(policy::VerifiedPolicy policy, std::unique_ptr<engine::Database> parser)
      : policy_(std::move(policy)), parser_(std::move(parser)) {}
  [[nodiscard]] Result<firewall::CheckedQuery> admit(std::string_view sql,
                                                     const firewall::Request& request) const;

  [[nodiscard]] Result<std::string> tree_of(std::string_view sql) const;
  [[nodiscard]] Result<std::vector<sql::Derived>> derived_of(
      const packet::AnswerPredicate& predicate) const;

  policy::VerifiedPolicy policy_;
  std::unique_ptr<engine::Database> parser_;
  std::vector<sql::Derived> derived_;
};

}  // namespace gbx::client
