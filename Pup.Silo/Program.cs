using Pup.Silo;
using Pup.Silo.Demo;
using Pup.Silo.Mounting;

return await PupHost.RunAsync(args, pup =>
{
    if (Environment.GetEnvironmentVariable(MountedProjections.Variable) is { Length: > 0 } folder)
        MountedProjections.AddTo(pup, folder);
    else
        DemoProjections.AddTo(pup);
});

/// <summary>Not for others, though the platform would make it public: they have a program of their own.</summary>
internal sealed partial class Program;
