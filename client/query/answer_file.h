#pragma once

// answer.json: an answer with everything that it takes to verify it (docs/spec/result.md, 4). The
// file may come from anybody; parsing believes nothing.

#include <string>

#include "trusted/packet/answer.h"

namespace gbx::client {

struct AnswerFile {
  packet::Binding binding;
  Json evidence;
  packet::Envelope policy;
  packet::Envelope request;
  Json result;
  packet::Envelope statement;
};

constexpr std::int64_t kAnswerFormat = 1;
constexpr std::size_t kAnswerFileBytesMax = std::size_t{256} << 20;

std::string print_answer_file(const AnswerFile& file);
// Fails with invalid_argument: answer_malformed, answer_format_unknown.
Result<AnswerFile> parse_answer_file(std::string_view text);

}  // namespace gbx::client
