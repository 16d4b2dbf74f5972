namespace Pup.Grains;

/// <summary>
/// Adds an assembly's projections, and what they depend on, where the assembly is not compiled into its host but mounted into the stock
/// one. Without a module every public projection of the assembly is added with its defaults. Needs a public constructor without parameters.
/// </summary>
public interface IProjectionModule
{
    /// <summary>Adds them.</summary>
    void AddTo(PupBuilder pup);
}
