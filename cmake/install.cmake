# What `cmake --install` puts in place: the library, its headers, its CMake package and its pkg-config file. Components:
# "runtime" is the shared library alone, "development" everything else.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kimistream)

install(TARGETS kimistream EXPORT kimistreamTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cpp/include/kimistream DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(EXPORT kimistreamTargets NAMESPACE kimistream:: DESTINATION ${package_dir} COMPONENT development)

get_target_property(KIMISTREAM_LIBRARY_TYPE kimistream TYPE)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/kimistreamConfig.cmake.in kimistreamConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(kimistreamConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kimistreamConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/kimistreamConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)

# pkg-config. A static library needs what it stands on at every link, so there it is no private matter. libcurl is named by
# itself and not by its own .pc file: with --static that one asks for a dozen libraries that the shared libcurl has inside.
foreach(library IN LISTS CURL_LIBRARIES)
  if(IS_ABSOLUTE "${library}")
    get_filename_component(directory "${library}" DIRECTORY)
    if(NOT directory IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
      string(APPEND needed " -L${directory}")
    endif()
  endif()
endforeach()
string(APPEND needed " -lcurl -lsimdjson -pthread")
if(KIMISTREAM_LIBRARY_TYPE STREQUAL "STATIC_LIBRARY")
  set(KIMISTREAM_PC_LIBS "${needed}")
else()
  set(KIMISTREAM_PC_LIBS_PRIVATE "${needed}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(KIMISTREAM_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
  set(KIMISTREAM_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(KIMISTREAM_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()  # found from where the file lies, so that the whole may be moved
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(KIMISTREAM_PC_PREFIX "\${pcfiledir}/${up}")
  set(KIMISTREAM_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(KIMISTREAM_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/kimistream.pc.in kimistream.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kimistream.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
