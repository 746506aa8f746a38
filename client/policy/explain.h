#pragma once

// A policy in words, from the signed bytes alone: what show and explain print, and what a member
// reads before signing.

#include <string>

#include "client/policy/policy_file.h"

namespace gbx::client {

// Said wherever a threshold-only policy or an answer under one is shown.
constexpr std::string_view kNotAGuarantee =
    "NOT A PRIVACY GUARANTEE: threshold-only. Numbers are exact; who asks two questions that "
    "differ "
    "by one person learns about that person.";

// Everything that the packet says, in the packet's order.
std::string show_policy(const PolicyFile& file);

// Plain sentences: who may do what, what each table gives, what one person can change, what the
// noise hides, how far the budget goes, where it may run.
std::string explain_policy(const policy::Policy& policy);

}  // namespace gbx::client
