#include "bench/report.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "trusted/base/json.h"

namespace gbx::bench {
namespace {

double processor_seconds() {
  std::timespec now{};
  GBX_CHECK(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Json encode(const Line& line) {
  const auto list = [](const std::vector<double>& values) {
    Json::Array out;
    for (const double value : values) out.emplace_back(value);
    return out;
  };
  Json out = Json::object({{"what", line.what}, {"unit", line.unit}, {"ours", list(line.ours)}});
  if (!line.baseline.empty()) out.set("baseline", list(line.baseline));
  return out.set("note", line.note);
}

void print(const Line& line) {
  const auto [low, high] = std::minmax_element(line.ours.begin(), line.ours.end());
  std::printf("%-58s %8.4g %s (%.4g..%.4g)", line.what.c_str(), median(line.ours),
              line.unit.c_str(), *low, *high);
  if (!line.baseline.empty()) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < line.ours.size(); i++) {
      ratios.push_back(line.ours[i] / line.baseline[i]);
    }
    std::printf("  / %.4g = %.2f (%.2f..%.2f)", median(line.baseline), median(ratios),
                *std::min_element(ratios.begin(), ratios.end()),
                *std::max_element(ratios.begin(), ratios.end()));
  }
  std::printf("  %s\n", line.note.c_str());
}

}  // namespace

double seconds_of(const std::function<void()>& act) {
  const auto begin = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double processor_seconds_of(const std::function<void()>& act) {
  const double begin = processor_seconds();
  act();
  return processor_seconds() - begin;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

void report(const std::vector<Line>& lines, const std::string& json) {
  Json::Array rows;
  for (const Line& line : lines) {
    GBX_CHECK(!line.ours.empty());
    GBX_CHECK(line.baseline.empty() || line.baseline.size() == line.ours.size());
    print(line);
    rows.push_back(encode(line));
  }
  if (!json.empty()) {
    std::ofstream(json) << Json::object({{"rows", std::move(rows)}}).pretty() << "\n";
  }
}

}  // namespace gbx::bench
