using System.Reflection;
using System.Runtime.Loader;

namespace Pup.Silo.Mounting;

/// <summary>
/// Loads one mounted assembly and what it depends on. What the host has is the host's, so that both mean the same by a type; anything
/// else comes from beside the assembly, in a version of its own.
/// </summary>
internal sealed class MountedAssemblyContext(string file) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(file))
{
    private readonly AssemblyDependencyResolver _beside = new(file);

    protected override Assembly? Load(AssemblyName name)
    {
        try
        {
            return Default.LoadFromAssemblyName(name);
        }
        catch (FileNotFoundException)
        {
            return _beside.ResolveAssemblyToPath(name) is { } path ? LoadFromAssemblyPath(path) : null;
        }
    }

    protected override IntPtr LoadUnmanagedDll(string name) =>
        _beside.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : IntPtr.Zero;
}
