#pragma once

// How a file writes its dates where they are not ISO: a manifest declares it, nothing guesses it.
// The file may hold anything; what must stay true: a text has one meaning or none. So the format
// names each part once, years have four digits, and a day that does not exist is no date.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/value.h"

namespace gbx::prepare {

// A part of strptime: %Y four digits; %m %d %H one or two digits, two where they touch another
// part; %b an English month's first three letters; %M %S two digits. All else stands for itself:
// blanks, punctuation, and of the letters T alone. Thread-safe.
class DateFormat {
 public:
  // A date names %Y, %d and one of %m and %b, once each; a timestamp may add %H, then %M, then %S,
  // and is UTC. Throws Failure with what would have been right.
  static DateFormat parse(std::string_view text, Type type);

  // Days since 1970, or microseconds for a timestamp; blanks around it do not count. nullopt for
  // whatever is not the whole of the format, and for days that do not exist.
  [[nodiscard]] std::optional<std::int64_t> read(std::string_view text) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Type type() const { return type_; }

 private:
  DateFormat(std::string_view text, Type type) : text_(text), type_(type) {}
  std::string text_;
  Type type_;
};

// Those that `manifest new` tries.
const std::vector<DateFormat>& common_date_formats();

}  // namespace gbx::prepare
