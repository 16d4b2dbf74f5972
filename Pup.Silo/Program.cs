using Pup.Silo;
using Pup.Silo.Demo;

return await PupHost.RunAsync(args, DemoProjections.AddTo);

/// <summary>Not for others, though the platform would make it public: they have a program of their own.</summary>
internal sealed partial class Program;
