#pragma once

// Text in a query without text at run time: every string that one query can meet gets a code, in
// byte order, before the first row is read. Comparing codes is comparing strings, and a function of
// text is a table by code. The strings are the owners': any UTF-8, any number.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/sql/expression.h"

namespace gbx::engine {

class TextPool {
 public:
  TextPool() = default;
  // `texts` may repeat, and must outlive the pool.
  explicit TextPool(std::vector<std::string_view> texts);

  [[nodiscard]] std::size_t size() const { return texts_.size(); }
  [[nodiscard]] std::string_view text(std::size_t code) const { return texts_[code]; }
  // The code of a text that is in the pool.
  [[nodiscard]] std::int64_t code(std::string_view text) const;

 private:
  std::vector<std::string_view> texts_;
};

}  // namespace gbx::engine
