#pragma once

// Which template is asked, and with what: in a request, and again in what a room says of its
// answer. docs/spec/query.md has the format.
//
// Whoever asks writes it: names, digest and values are an attacker's. Decoding only makes sure that
// there is one spelling and that every size is bounded; policy/template.h says whether the template
// is the policy's and whether its parameters may have these values. Values are text in the spelling
// of their type and become values of the bound tree, never a part of SQL.

#include <cstdint>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"

namespace gbx::packet {

constexpr std::size_t kArgumentsMax = 32;
constexpr std::size_t kArgumentBytesMax = 256;

struct Argument {
  std::string name;
  std::string value;
  friend bool operator==(const Argument&, const Argument&) = default;
};

struct TemplateCall {
  std::string name;
  std::uint32_t version = 1;
  Hash digest{};                    // policy::template_digest()
  std::vector<Argument> arguments;  // by name, each once: one for each parameter
  friend bool operator==(const TemplateCall&, const TemplateCall&) = default;
};

Json encode(const TemplateCall& call);
// Fails with invalid_argument and `reason`.
Result<TemplateCall> decode_template_call(const Json& json, Literal reason);

}  // namespace gbx::packet
