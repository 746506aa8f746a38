#pragma once

// Statements made to be slow or to exhaust something, and what they are put together from.

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace gbx::testing {

struct Bomb {
  const char* name;
  const char* answer;  // "accepted", or the reason
  std::function<std::string()> sql;
};

inline void PrintTo(const Bomb& bomb, std::ostream* out) { *out << bomb.name; }

// Of texts that grow, and of patterns.
std::vector<Bomb> text_bombs();

inline const std::string kCount = "SELECT COUNT(*) FROM purchases ";

inline std::string repeat(std::size_t times, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < times; i++) out += text;
  return out;
}

// `of(0)`, `of(1)`, ... with `between`.
inline std::string list(std::size_t count, const std::string& between,
                        const std::function<std::string(const std::string&)>& of) {
  std::string out;
  for (std::size_t i = 0; i < count; i++) out += (i > 0 ? between : "") + of(std::to_string(i));
  return out;
}

// WITH c0 AS (first), c1 AS (next of c0), ...; then the last is counted.
inline std::string chain(std::size_t links, const std::string& first,
                         const std::function<std::string(const std::string&)>& next) {
  std::string out = "WITH c0 AS (" + first + ")";
  for (std::size_t i = 1; i < links; i++) {
    out += ", c" + std::to_string(i) + " AS (" + next("c" + std::to_string(i - 1)) + ")";
  }
  return out + " SELECT COUNT(*) FROM c" + std::to_string(links - 1);
}

// An answer of an answer of an answer ..., each of which reads the names of the one before.
inline std::string answers(std::size_t links, const std::string& next) {
  std::string out = "WITH c0 AS (SELECT COUNT(*) AS n FROM purchases)";
  for (std::size_t i = 1; i < links; i++) {
    out += ", c" + std::to_string(i) + " AS (" + next + " FROM c" + std::to_string(i - 1) + ")";
  }
  return out + " SELECT * FROM c" + std::to_string(links - 1);
}

inline std::string nested(std::size_t times, const std::string& open, const std::string& inner,
                          const std::string& close) {
  return repeat(times, open) + inner + repeat(times, close);
}

}  // namespace gbx::testing
