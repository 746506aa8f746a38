#pragma once

// Calls with OVER over the rows of an answer: SUM(COUNT(*)) OVER (), RANK() OVER (ORDER BY COUNT(*)
// DESC), LAG(SUM(x)) OVER (ORDER BY month). What they read is released, so any of it may be read
// across persons.

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/bind_row_values.h"
#include "trusted/sql/bind_windows.h"

namespace gbx::sql {

// Until all aggregates are known, windows are outputs of this relation (Expression::relation).
constexpr std::uint32_t kWindowOutputs = 1;

class ReleasedWindows final : public WindowBinder, public PersonColumns {
 public:
  // `leaves` are groups and aggregates, and outlive this.
  explicit ReleasedWindows(Leaves& leaves) : leaves_(&leaves) {}

  // Of every output that is a group's key; rows that a window's order leaves equal go by these.
  void set_keys(std::vector<Expression> keys) { keys_ = std::move(keys); }

  // A call with OVER; windows in it are kWindowOutputs, equal ones once. Fails with
  // invalid_argument or policy_denied.
  Result<Expression> bind(const Node& node);
  std::vector<Window> take() { return std::move(windows_); }

  Result<Expression> window(const Node& node) override;
  Result<Expression> value(const Node& node) override;
  // Leaves refuse persons.
  [[nodiscard]] bool is_person(const Node& /*node*/) const override { return false; }
  [[nodiscard]] std::optional<Expression> presence(const Node& /*node*/) const override {
    return std::nullopt;
  }

 private:
  Result<Expression> average(const Node& node);
  Result<Expression> share(const Node& node);
  Status bind_over(const Node& node, Window& window);
  void add_ties(Window& window) const;

  Leaves* leaves_;
  std::vector<FunctionUse> functions_;  // nobody's leave is needed
  std::vector<Expression> keys_;
  std::vector<Window> windows_;
};

// Whether some part of it is a window.
bool reads_windows(const Expression& e);
// Windows become the outputs behind the `base` others.
void place_windows(Expression& e, std::uint32_t base);

}  // namespace gbx::sql
