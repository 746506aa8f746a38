#include "engine/merge/text.h"

#include <algorithm>

namespace gbx::engine {

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
