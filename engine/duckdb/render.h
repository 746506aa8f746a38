#pragma once

// A Task as DuckDB SQL. The text is made from our own tree alone: every name is ours (t0, c3, g1),
// every literal is cast, everything is in parentheses, sums are HUGEINT, and nothing divides but
// averages of steps.
//
// The engine provides one table for each of the task, t0, t1, ... with the columns
//   p BIGINT    person: equal for equal tokens in every table, never NULL
//   h INTEGER   h(p) of task.h
//   c0, c1, ... BIGINT, or VARCHAR for text, NULL where absent; by Expression::column. Columns that
//               no expression of the task reads may be missing.
// It then runs, for each step in turn,
//   render_step(task, i)                  statements; they leave a table b0 (with the step's number
//   in the name) of p, h, c0, c1, ...: the step's rows
//   render_person_rows(i)                 n BIGINT: how many rows a person has in it at most
//   render_drops(task, i)                 statements; what nobody reads after the step is gone
// and then, for a task without groups,
//   render_ungrouped(task)                one row: persons, s0, s1, ...
// or, for a task with groups (SQL cannot compute SHA-256, so h(g) comes from outside):
//   CREATE TABLE partials AS render_partials(task)      p, h, g0, .., m0, ..: one row per (p, g)
//   render_keys(task)                     the distinct g0, .. of partials, in no order
//   a table keys with g0, .. (same types), hg INTEGER: h(g) of task.h, and ord BIGINT: the place of
//   the key among all keys in ascending order of encode_group_key(g)
//   render_groups(task)                   one row per kept group: g0, .., persons, s0, ..
// and for each measure m that keeps values (distinct, histogram, magnitudes), in both cases:
//   CREATE TABLE values0 AS render_values(task, 0)      p, h, g0, .., v, n: the values or
//   bins of every (p, g), and their rows
//   render_value_keys(task, m)            the distinct v, in no order
//   a table ranks0 with v (same type), hv INTEGER: h((v)), and ord BIGINT as above
//   render_chosen(task, m)                g0, .., n BIGINT: how many values the persons kept in
//   each group where there is one; with bins g0, .., v, n: how many rows of each bin. The s
//   of the measure in the other statements is 0
// (with the measure's number in the names.)
// g and v columns are BIGINT (booleans as 0 and 1) or VARCHAR; m HUGEINT; persons BIGINT; s
// HUGEINT.
//
// Checked against evaluate.h by property tests, in SQL (render_test.cc) and end to end (engine).

#include <string>
#include <vector>

#include "trusted/sql/task.h"

namespace gbx::engine {

std::string render_ungrouped(const sql::Task& task);
std::string render_partials(const sql::Task& task);
std::string render_keys(const sql::Task& task);
std::string render_groups(const sql::Task& task);
std::string render_values(const sql::Task& task, std::size_t measure);
std::string render_value_keys(std::size_t measure);
std::string render_chosen(const sql::Task& task, std::size_t measure);

std::vector<std::string> render_step(const sql::Task& task, std::size_t step);
std::string render_person_rows(std::size_t step);
std::vector<std::string> render_drops(const sql::Task& task, std::size_t step);

}  // namespace gbx::engine
