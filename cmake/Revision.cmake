# The version and the git revision that the evidence names, as definitions for the one source that reports them, so that
# a new revision rebuilds that file and no other. Read when CMake configures, which scripts/setup.sh always does.
# Outside a git checkout (an archive of the sources) the revision is "unknown".
find_package(Git QUIET)
set(QUANTIER_GIT_REVISION unknown)
if(GIT_FOUND AND EXISTS ${CMAKE_SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${CMAKE_SOURCE_DIR} describe --always --dirty --abbrev=12
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE git_failed)
  if(NOT git_failed AND described MATCHES "^[A-Za-z0-9._-]+$")
    set(QUANTIER_GIT_REVISION ${described})
  endif()
endif()
set_source_files_properties(${CMAKE_SOURCE_DIR}/quantier/pipeline/provenance.cc TARGET_DIRECTORY quantier_pipeline
  PROPERTIES COMPILE_DEFINITIONS
  "QUANTIER_VERSION=\"${PROJECT_VERSION}\";QUANTIER_GIT_REVISION=\"${QUANTIER_GIT_REVISION}\"")
