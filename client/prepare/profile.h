#pragma once

// What the rows of a file say about one column: which types every value has, the range, a few
// distinct values, and how many look like identifiers or personal data.

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "client/prepare/date_format.h"
#include "client/prepare/pii.h"
#include "trusted/base/value.h"

namespace gbx::prepare {

class ColumnProfile {
 public:
  static constexpr std::size_t kDistinctKept = 50;
  static constexpr std::size_t kDistinctCounted = 100'000;
  static constexpr std::uint8_t kScaleLooked = 6;

  void see(std::string_view text, bool null, const std::string& region);

  [[nodiscard]] std::uint64_t present() const { return present_; }
  [[nodiscard]] bool nullable() const { return nulls_ > 0; }
  // The narrowest type of all values; text when there is none.
  [[nodiscard]] ValueType type() const;
  // How dates that are not ISO may be written: every format that fits all values.
  [[nodiscard]] std::vector<const DateFormat*> formats() const;
  // Smallest and largest value, in type()'s unit; 0 for text, boolean and dates of several formats.
  [[nodiscard]] std::int64_t low() const;
  [[nodiscard]] std::int64_t high() const;
  // All values when there are at most kDistinctKept.
  [[nodiscard]] const std::set<std::string>& few() const { return few_; }
  [[nodiscard]] bool has_few() const { return few_.size() <= kDistinctKept; }
  // Nearly every value is another: what names a row or a person.
  [[nodiscard]] bool nearly_unique() const;
  // Most values are of that kind; or any is.
  [[nodiscard]] bool mostly(Pii kind) const;
  [[nodiscard]] std::uint64_t count(Pii kind) const {
    return found_[static_cast<std::size_t>(kind)];
  }

 private:
  // One type that all values may have, and their range in it.
  struct Candidate {
    bool holds = true;
    bool any = false;
    std::int64_t low = 0;
    std::int64_t high = 0;
    void see(const std::optional<std::int64_t>& value);
  };
  void try_types(std::string_view text);
  [[nodiscard]] Candidate range() const;

  std::uint64_t present_ = 0;
  std::uint64_t nulls_ = 0;
  Candidate boolean_;
  Candidate integer_;
  Candidate decimal_;  // at kScaleLooked
  Candidate date_;
  Candidate timestamp_;
  std::vector<Candidate> formats_ = std::vector<Candidate>(common_date_formats().size());
  std::uint8_t scale_ = 0;  // most digits after the point
  std::set<std::string> few_;
  std::unordered_set<std::size_t> hashes_;
  std::uint64_t counted_ = 0;
  std::array<std::uint64_t, kPiiKinds> found_{};
};

}  // namespace gbx::prepare
