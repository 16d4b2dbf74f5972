using System.Reflection;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Silo.Configuration;

namespace Pup.Silo.Mounting;

/// <summary>
/// Projections that are not compiled into the host but lie in a folder, as in the stock image with a volume: every public class that is an
/// <see cref="IProjection"/>.
/// </summary>
internal static class MountedProjections
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "PUP_PROJECTIONS";

    private static readonly MethodInfo s_add = typeof(PupBuilder).GetMethod(nameof(PupBuilder.AddProjection))!;

    /// <exception cref="ConfigurationException">There is no projection there, or an assembly cannot be loaded here.</exception>
    public static void AddTo(PupBuilder pup, string folder)
    {
        if (!Directory.Exists(folder))
            throw new ConfigurationException($"{Variable} is '{folder}', but there is no such folder. Mount the published projections there.");
        var assemblies = Directory.GetFiles(folder, "*.dll").Order(StringComparer.Ordinal).Where(IsCandidate).Select(Load).ToList();
        var added = assemblies.Sum(assembly => AddFrom(pup, assembly));
        if (added == 0)
            throw new ConfigurationException(
                $"{Variable} is '{folder}', where no assembly has a projection. Put the output of `dotnet publish` of a class library there, with a public class that is an {nameof(IProjection)}.");
    }

    // Of what lies there, libraries that know Pup; the rest is what they depend on, and is loaded when they need it.
    private static bool IsCandidate(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            using var image = new System.Reflection.PortableExecutable.PEReader(stream);
            if (!image.HasMetadata)
                return false;
            var metadata = System.Reflection.Metadata.PEReaderExtensions.GetMetadataReader(image);
            return !IsOwn(Path.GetFileNameWithoutExtension(file))
                && metadata.AssemblyReferences.Any(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name) == typeof(IProjection).Assembly.GetName().Name);
        }
        catch (BadImageFormatException)
        {
            throw new ConfigurationException($"'{file}' is no assembly, or is damaged. Copy it again.");
        }
    }

    private static bool IsOwn(string name) => name is "Pup.Client" or "Pup.Grains" or "pup";

    private static Assembly Load(string file)
    {
        try
        {
            return new MountedAssemblyContext(file).LoadFromAssemblyPath(file);
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException or FileNotFoundException)
        {
            throw new ConfigurationException($"'{file}' cannot be loaded here: {e.Message} Publish it for .NET {Environment.Version.Major}.{Environment.Version.Minor} and this platform.");
        }
    }

    private static int AddFrom(PupBuilder pup, Assembly assembly)
    {
        try
        {
            var projections = Array.FindAll(
                assembly.GetExportedTypes(),
                static type => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && type.IsAssignableTo(typeof(IProjection)));
            foreach (var projection in projections)
                s_add.MakeGenericMethod(projection).Invoke(pup, [null]);
            return projections.Length;
        }
        catch (Exception e) when (e is TypeLoadException or FileNotFoundException or FileLoadException or MissingMethodException or TargetInvocationException)
        {
            var cause = e is TargetInvocationException { InnerException: { } inner } ? inner : e;
            throw new ConfigurationException(
                $"The projections in '{assembly.Location}' do not fit this host: {cause.Message} Publish them against Pup.Grains {typeof(IProjection).Assembly.GetName().Version?.ToString(3)}, with all they depend on.");
        }
    }
}
