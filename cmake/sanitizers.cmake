# For every target of the build: a sanitizer that sees half a program reports nonsense.
if(KIMISTREAM_SANITIZE)
  add_compile_options(-fsanitize=${KIMISTREAM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${KIMISTREAM_SANITIZE})
endif()
