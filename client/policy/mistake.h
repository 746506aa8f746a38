#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "trusted/base/result.h"

namespace gbx::client {

// Why a person's own file or command cannot be used: what, where (file:line:column), why, and what
// to do next. Thrown on the party's side only; the command shows it.
class Mistake : public std::runtime_error {
 public:
  Mistake(const std::string& what, std::string where, std::string why, std::string next)
      : std::runtime_error(what),
        where_(std::move(where)),
        why_(std::move(why)),
        next_(std::move(next)) {}
  // With a stable code and reason, for programs.
  Mistake&& with(const Error& error) && {
    error_ = error;
    return std::move(*this);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] const std::string& next() const { return next_; }

 private:
  std::string where_;
  std::string why_;
  std::string next_;
  std::optional<Error> error_;
};

}  // namespace gbx::client
