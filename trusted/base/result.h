#pragma once

// Result<T>: a value or an Error, never both, never ignored.
//
// An attacker controls the input that makes an Error; nothing of that input can travel in it. An
// Error is a code, a compile-time literal and a span of the caller's own text, so no cell value
// fits in one. Which literal is chosen can still depend on data: the neighbouring-data tests hold
// that.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace gbx {

// The stable words of a refusal; the enumerator is the name on the wire, in logs, docs and tests.
enum class ErrorCode : std::uint8_t {
  policy_denied,     // the signed rules do not allow it
  budget_exhausted,  // the privacy budget does not suffice; nothing was spent
  unverified,        // a signature, proof, hash or piece of evidence does not hold
  invalid_argument,  // malformed or out of the documented range
  not_found,         // a name that nobody registered
  unavailable,       // a resource failed (entropy, storage, engine); the charge, if any, stays
};

// The wire name of `code`. Total over the enumerators.
std::string_view error_code_name(ErrorCode code);
// The reverse; nullopt for an unknown word.
std::optional<ErrorCode> error_code_from(std::string_view name);

// Text that exists at compile time. No run-time string converts to it.
class Literal {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a string literal is meant to convert.
  consteval Literal(const char* text) : text_(text) {}
  [[nodiscard]] constexpr std::string_view view() const { return text_; }
  friend bool operator==(Literal a, Literal b) { return a.view() == b.view(); }

 private:
  std::string_view text_;
};

// Bytes [begin, end) of the text that the caller sent. {0,0} when no place applies.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(Span, Span) = default;
};

struct Error {
  ErrorCode code;
  Literal reason;  // a stable snake_case word, e.g. "column_not_listed"
  Span where = {};
  friend bool operator==(const Error&, const Error&) = default;
};

// Ends the process before it can answer. For what only a bug can cause; on in every build.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

#define GBX_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::gbx::check_failed(#condition, __FILE__, __LINE__))

template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): `return value;` is the point.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): `return Error{...};` is the point.
  Result(Error error) : state_(std::in_place_index<1>, error) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // The value; ends the process when there is none.
  [[nodiscard]] T& value() & {
    GBX_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    GBX_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    GBX_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // The error; ends the process when there is none.
  [[nodiscard]] const Error& error() const {
    GBX_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): `return Error{...};` is the point.
  Result(Error error) : error_(error) {}
  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const {
    GBX_CHECK(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

// Returns the error of `expression` from the enclosing function, if it is one.
#define GBX_TRY(expression)                            \
  do {                                                 \
    if (auto gbx_status = (expression); !gbx_status) { \
      return gbx_status.error();                       \
    }                                                  \
  } while (false)

#define GBX_CONCAT_INNER(a, b) a##b
#define GBX_CONCAT(a, b) GBX_CONCAT_INNER(a, b)
#define GBX_TRY_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                                 \
  if (!result) return result.error();                         \
  declaration = std::move(result).value()

// `GBX_TRY_ASSIGN(auto x, f());` binds the value of f() or returns its error.
#define GBX_TRY_ASSIGN(declaration, expression) \
  GBX_TRY_ASSIGN_INNER(GBX_CONCAT(gbx_result_, __LINE__), declaration, expression)

}  // namespace gbx
