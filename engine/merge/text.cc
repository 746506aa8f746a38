#include "engine/merge/text.h"

#include <algorithm>

#include "trusted/sql/evaluate.h"

namespace gbx::engine {
namespace {

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper_letter(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::string text_function(sql::Op op, std::string_view text, std::int64_t count) {
  if (op == sql::Op::prefix) return std::string(sql::text_prefix(text, count));
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 op == sql::Op::lower ? lower_letter : upper_letter);
  return out;
}

TextPool::TextPool(std::vector<std::string_view> texts) : texts_(std::move(texts)) {
  if (!std::is_sorted(texts_.begin(), texts_.end())) std::sort(texts_.begin(), texts_.end());
  texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
  texts_.shrink_to_fit();
}

std::int64_t TextPool::code(std::string_view text) const {
  auto found = std::lower_bound(texts_.begin(), texts_.end(), text);
  GBX_CHECK(found != texts_.end() && *found == text);
  return found - texts_.begin();
}

}  // namespace gbx::engine
