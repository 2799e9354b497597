/// @file version.hpp
/// @brief The library's version. CMake and the Python package read it from here.
#pragma once

#define KIMISTREAM_VERSION_MAJOR 0
#define KIMISTREAM_VERSION_MINOR 1
#define KIMISTREAM_VERSION_PATCH 0
#define KIMISTREAM_VERSION "0.1.0"
