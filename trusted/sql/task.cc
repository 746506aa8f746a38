#include "trusted/sql/task.h"

#include <algorithm>
#include <bit>

namespace gbx::sql {

bool keeps_values(MeasureKind kind) { return kind == MeasureKind::distinct || has_bins(kind); }

bool has_argument(MeasureKind kind) {
  return kind != MeasureKind::rows && kind != MeasureKind::bounded;
}

bool clamps_rows(MeasureKind kind) {
  return kind == MeasureKind::sum || kind == MeasureKind::centred || has_bins(kind);
}

bool has_bins(MeasureKind kind) {
  return kind == MeasureKind::histogram || kind == MeasureKind::magnitudes;
}

std::uint32_t bin_of(const Measure& histogram, std::int64_t value) {
  const std::int64_t kept = std::clamp(value, histogram.row_low, histogram.row_high);
  if (histogram.kind == MeasureKind::magnitudes) {
    return static_cast<std::uint32_t>(magnitude(kept) - magnitude(histogram.row_low));
  }
  const Int128 low = histogram.row_low;
  const Int128 offset = kept - low;
  return static_cast<std::uint32_t>(offset * histogram.bins / (histogram.row_high - low + 1));
}

std::uint32_t bins_for(std::int64_t low, std::int64_t high) {
  std::uint32_t bins = 16;
  while (bins < kBinsMax && Int128{high} - low + 1 > bins) bins *= 16;
  return bins;
}

bool watches_others(const std::vector<Measure>& measures) {
  for (const Measure& measure : measures) {
    for (std::size_t i = 0; i < measure.watched.size(); i++) {
      const std::uint32_t place = measure.watched[i];
      if (place >= measures.size() || measures[place].kind == MeasureKind::bounded) return false;
      if (i > 0 && place <= measure.watched[i - 1]) return false;
    }
  }
  return true;
}

std::int64_t magnitude(std::int64_t value) {
  const auto size = static_cast<std::uint64_t>(value < 0 ? -value : value);
  const auto digits = static_cast<std::int64_t>(std::bit_width(size));
  return value < 0 ? -digits : digits;
}

std::uint32_t magnitudes_in(std::int64_t low, std::int64_t high) {
  return static_cast<std::uint32_t>(magnitude(high) - magnitude(low) + 1);
}

std::size_t histograms_of(const Task& task) {
  return static_cast<std::size_t>(
      std::count_if(task.measures.begin(), task.measures.end(),
                    [](const Measure& measure) { return has_bins(measure.kind); }));
}

std::array<std::int64_t, kPersonWords> words_of(const Token& person) {
  std::array<std::int64_t, kPersonWords> out{};
  for (std::size_t i = 0; i < person.size(); i++) out[i / 4] = out[i / 4] * 256 + person[i];
  return out;
}

std::optional<Token> person_of(std::span<const Cell> key) {
  if (key.size() < kPersonWords) return std::nullopt;
  Token out{};
  for (std::size_t word = 0; word < kPersonWords; word++) {
    const auto* value = std::get_if<std::int64_t>(&key[word]);
    if (value == nullptr || *value < 0 || *value > kPersonWordMax) return std::nullopt;
    for (std::size_t i = 0; i < 4; i++) {
      out[word * 4 + i] = static_cast<std::uint8_t>(*value >> (24 - 8 * i));
    }
  }
  return out;
}

std::size_t key_width(const Task& task) {
  return task.groups.size() + (task.lists ? kPersonWords : 0);
}

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
