#pragma once

// Every field that a policy can have, and what AWS Clean Rooms makes of it. The exporter walks over
// the packet and refuses a field that is not here, so that none is dropped in silence; a test holds
// this list against what the packet's codecs read.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/json.h"

namespace gbx::client {

enum class AwsFate : std::uint8_t {
  described,  // a fact, or the frame of other fields: nothing is allowed or forbidden by it
  written,    // the exporter writes it, or its own note
  left_out,   // AWS has it not; less is allowed
  weakened,   // AWS does not hold it; more is allowed, so it must be accepted
};

struct AwsField {
  std::string_view path;  // members with / between; * is any item; a last ** all that is below
  AwsFate fate = AwsFate::described;
  std::string_view accept = {};  // of weakened: the word of --accept
  std::string_view text = {};    // of left_out and weakened: for the report
};

std::span<const AwsField> aws_fields();
// The field of a path as written by paths_of(); nullptr when there is none.
const AwsField* find_aws_field(std::string_view path);
// What may be accepted, ascending.
std::vector<std::string> aws_accept_words();

// The paths of all that has a value in `json`, in its order, items as *, each once.
std::vector<std::string> paths_of(const Json& json);

}  // namespace gbx::client
