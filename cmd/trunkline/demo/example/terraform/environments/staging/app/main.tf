terraform {
  backend "local" {
    path = "$DEPLOYED/staging/app.tfstate"
  }
}

module "app" {
  source      = "../../../modules/app"
  environment = "staging"
  replicas    = 2
}

output "deployed" {
  value = module.app.deployed
}
