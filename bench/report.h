#pragma once

// What a comparison measures, and how it is told: a line for each thing, one number a round for
// ours and for the baseline.

#include <charconv>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gbx::bench {

struct Line {
  std::string what;
  std::string note;
  std::vector<double> ours;
  std::vector<double> baseline;  // as many as ours, or none when the target is absolute
  std::string unit = "s";
};

// Wall time of `act`.
double seconds_of(const std::function<void()>& act);
// Processor time of all threads of this process while `act` runs: what it costs on a machine that
// others use too.
double processor_seconds_of(const std::function<void()>& act);
// The middle value; 0 of none.
double median(std::vector<double> values);

// A number of the command line; false unless it is one, and above 0.
template <typename Number>
bool take_number(std::string_view text, Number& out) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  return end.ec == std::errc() && end.ptr == text.data() + text.size() && out > 0;
}

// Prints the lines for people, and for bench/run.py into the file `json` unless that is empty.
void report(const std::vector<Line>& lines, const std::string& json);

}  // namespace gbx::bench
