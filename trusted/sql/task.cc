#include "trusted/sql/task.h"

namespace gbx::sql {

Bytes encode_group_key(const std::vector<Cell>& key) {
  Writer out;
  for (const Cell& cell : key) {
    if (const auto* number = std::get_if<std::int64_t>(&cell)) {
      out.u8(1);
      out.i64(*number);
    } else if (const auto* text = std::get_if<std::string>(&cell)) {
      out.u8(2);
      out.block(*text);
    } else {
      out.u8(0);
    }
  }
  return out.take();
}

}  // namespace gbx::sql
