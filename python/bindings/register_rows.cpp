// Rows of a file that nobody looks at: read, asked and written without the GIL.
#include "reading.hpp"

namespace kimistream::python {
namespace {

py::bytes as_bytes(const std::string& bytes) { return {bytes.data(), bytes.size()}; }

template <class Number>
py::object number_or_none(const std::optional<Number>& number) {
  return number ? py::cast(*number) : py::none();
}

RowField to_field(py::handle steps) {
  RowField field;
  for (const auto step : py::reinterpret_borrow<py::sequence>(steps)) {
    if (PyUnicode_Check(py::object(step).ptr()))
      field.emplace_back(from_str(py::object(step), "a field"));
    else
      field.emplace_back(static_cast<std::size_t>(to_count(py::object(step), "a position")));
  }
  return field;
}

RowTemplate to_template(const py::sequence& pieces) {
  RowTemplate all;
  for (const auto piece : pieces) {
    const py::object given = piece;
    if (PyUnicode_Check(given.ptr()))
      all.emplace_back(from_str(given, "a template"));
    else
      all.emplace_back(to_field(given));
  }
  return all;
}

RowOptions to_options(const py::object& prompt, const py::object& key, const py::tuple& arguments,
                      const std::string& constant, const py::object& answer_tokens) {
  RowOptions options{.request = to_request(arguments, false), .constant = constant};
  if (!prompt.is_none()) options.prompt = to_template(prompt);
  if (!key.is_none()) options.key = from_str(key, "key");
  if (!answer_tokens.is_none()) options.answer_tokens = to_count(answer_tokens, "answer_tokens");
  options.is_odd = [](const std::string& text) {
    Met met;
    note_path(text, 0, met);
    return !met.notices.empty();
  };
  return options;
}

/// (key, hash, digest) of each row.
py::list read(FileRows& self, std::size_t most) {
  std::vector<FileRows::Read> rows;
  {
    const WithoutGil working;
    rows = self.read(most);
  }
  py::list all(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    all[i] = py::make_tuple(text(rows[i].key), as_bytes(rows[i].hash), as_bytes(rows[i].digest));
  return all;
}

/// (how many, None or: which row has the key of the one behind them, that key).
py::tuple begin(FileRows& self, std::size_t most, std::size_t index, SeenKeys& seen) {
  FileRows::Begun begun;
  {
    const WithoutGil working;
    begun = self.begin(most, index, seen);
  }
  if (!begun.first) return py::make_tuple(begun.count, py::none());
  return py::make_tuple(begun.count, py::make_tuple(*begun.first, text(begun.key)));
}

void start_rows(FileRows& self, const py::list& rows) {
  struct Started {
    std::size_t place, index;
    std::string key;
  };
  std::vector<Started> all;
  all.reserve(rows.size());
  for (const auto row : rows) {
    const auto given = py::reinterpret_borrow<py::tuple>(row);
    all.push_back({given[0].cast<std::size_t>(), given[1].cast<std::size_t>(), given[2].cast<std::string>()});
  }
  const WithoutGil working;
  for (const Started& row : all) self.start(row.place, row.index, row.key);
}

/// As `_bulk/ledger.py` keeps it. What a bytearray is sqlite3 knows; with bytes it would ask around, for longer than it
/// takes to write the row.
py::tuple from_done(const FileRows::Done& done, std::uint64_t place) {
  const Usage usage = done.usage.value_or(Usage{});
  return py::make_tuple(text(done.key), py::bytearray(done.hash.data(), done.hash.size()), done.attempts,
                        number_or_none(usage.prompt_tokens), number_or_none(usage.completion_tokens),
                        number_or_none(usage.cost), place, done.line.size(), done.index);
}

/// (entries and lines of what was answered, their usage together or None, what else has ended as BulkRun.take gives
/// it).
py::tuple take_rows(FileRows& self, BulkRun& run, std::uint64_t place) {
  std::vector<FileRows::Done> done;
  std::vector<Result> others;
  std::vector<std::string> log;
  std::optional<Usage> used;
  {
    const WithoutGil working;
    std::vector<Result> results = run.take();
    done.reserve(results.size());
    for (Result& result : results) {
      if (auto row = self.done(result)) {
        if (row->usage && used)
          used->add(*row->usage);
        else if (row->usage)
          used = row->usage;
        done.push_back(std::move(*row));
      } else {
        others.push_back(std::move(result));
      }
    }
    log = run.take_log();
  }
  write_log(log);
  py::list entries(done.size()), lines(done.size()), rest(others.size());
  for (std::size_t i = 0; i < done.size(); ++i) {
    entries[i] = from_done(done[i], place);
    lines[i] = as_bytes(done[i].line);
    place += done[i].line.size();
  }
  for (std::size_t i = 0; i < others.size(); ++i) rest[i] = from_result(others[i]);
  return py::make_tuple(entries, lines, from_usage(used), rest);
}

}  // namespace

void register_rows(py::module_& module) {
  module.def(
      "sha256", [](const py::bytes& data) { return as_bytes(sha256(std::string_view(data))); }, py::arg("data"),
      "Of some bytes, as 32 bytes. The standard library's brings OpenSSL with it, several MB of memory.");
  py::class_<SeenKeys>(module, "SeenKeys", "A number for each of many keys, by their hashes of 16 bytes.")
      .def(py::init<>())
      .def("__len__", &SeenKeys::size)
      .def(
          "get",
          [](const SeenKeys& self, const py::bytes& hash) { return number_or_none(self.find(std::string_view(hash))); },
          py::arg("hash"))
      .def(
          "put",
          [](SeenKeys& self, const py::bytes& hash, std::uint64_t number) { self.put(std::string_view(hash), number); },
          py::arg("hash"), py::arg("number"))
      .def(
          "take",
          [](SeenKeys& self) {
            py::list all;
            for (const auto& [hash, number] : self.take()) all.append(py::make_tuple(as_bytes(hash), number));
            return all;
          },
          "(hash, number) of all, in the order of the hashes; none is left.");
  py::class_<FileRows>(module, "FileRows", "Rows of a file of JSON Lines on their way through a BulkRun.")
      .def(py::init([](BulkRun& run, const py::object& prompt, const py::object& key, const py::tuple& arguments,
                       const std::string& constant, const py::object& answer_tokens) {
             return new FileRows(run, to_options(prompt, key, arguments, constant, answer_tokens));
           }),
           py::keep_alive<1, 2>(), py::arg("run"), py::arg("prompt"), py::arg("key"), py::arg("arguments"),
           py::arg("constant"), py::arg("answer_tokens"))
      .def(
          "feed", [](FileRows& self, const py::bytes& block) { self.feed(std::string_view(block)); }, py::arg("block"),
          "The file goes on with this; b\"\": that was all.")
      .def_property_readonly("wants_more", &FileRows::wants_more,
                             "Whether more of the file is wanted before there is a next line.")
      .def(
          "next_line",
          [](FileRows& self) -> py::object {
            const auto line = self.next_line();
            return line ? py::object(py::make_tuple(line->number, as_bytes(line->text))) : py::none();
          },
          "(its number from 1, the line) of the next one that is not blank; None: more is wanted, or it has ended.")
      .def("begin", &begin, py::arg("most"), py::arg("index"), py::arg("seen"),
           "Starts the next rows, up to one that is left to the caller or whose key has been seen. (how many, None or: "
           "which row has the key of the one behind them, that key as JSON).")
      .def("read", &read, py::arg("most"),
           "(key, hash, digest) of the next rows, up to one that is left to the caller.")
      .def(
          "input_at", [](const FileRows& self, std::size_t place) { return text(self.input_at(place)); },
          py::arg("place"), "The row itself, as JSON, of one of those read last.")
      .def("start", &start_rows, py::arg("rows"),
           "Adds some of those read last to the run: (place among them, index, key).")
      .def(
          "take", &take_rows, py::arg("run"), py::arg("place"),
          "((key, hash, attempts, prompt, completion, cost, place, length, index) of each row that was answered, their "
          "lines, the first of which is to stand at this place, their usage together, what else has ended).")
      .def(
          "leave",
          [](FileRows& self, std::size_t index) -> py::object {
            const auto left = self.leave(index);
            if (!left) return py::none();
            return py::make_tuple(text(left->key), text(left->input), as_bytes(left->hash));
          },
          py::arg("index"), "(key, input, hash) of a row that was started, the first two as JSON; None for another.");
}

}  // namespace kimistream::python
