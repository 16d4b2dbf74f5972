using Pup.Grains;
using Pup.Silo.Demo.Projections;

namespace Pup.Silo.Demo;

/// <summary>The demo's projections, one of each authoring style.</summary>
internal static class DemoProjections
{
    public static void AddTo(PupBuilder pup) => pup
        .AddProjection<FileActivity>()
        .AddProjection<AuthorActivity>()
        .AddProjection<DirectoryActivity>();
}
